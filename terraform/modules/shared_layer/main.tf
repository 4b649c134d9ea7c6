resource "aws_lambda_layer_version" "this" {
  layer_name               = "lambda-auto-repair-${var.environment}"
  description              = "Code and libraries shared by all functions of Lambda Auto-Repair"
  filename                 = var.package
  source_code_hash         = filebase64sha256(var.package)
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]
}
