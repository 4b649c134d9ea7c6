mock_data "aws_lambda_function" {
  defaults = { timeout = 30 }
}
