output "arn" {
  description = "ARN of the layer's version."
  value       = aws_lambda_layer_version.this.arn
}
