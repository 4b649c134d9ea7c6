terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "local" {}
}

# The embedded AWS. Its address and credentials come from the environment: eval "$(make -s local-env)".
provider "aws" {
  region                      = var.region
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true

  default_tags {
    tags = {
      Project     = "lambda-auto-repair"
      Environment = local.environment
      ManagedBy   = "terraform"
    }
  }
}
