output "repairs_table" {
  description = "Name of the table of repairs."
  value       = aws_dynamodb_table.histories["repairs"].name
}

output "diagnosis_table" {
  description = "Name of the table of diagnoses."
  value       = aws_dynamodb_table.histories["diagnosis"].name
}

output "incidents_table" {
  description = "Name of the table of open incidents."
  value       = aws_dynamodb_table.incidents.name
}

output "reports_bucket" {
  description = "Name of the bucket of reports and evidence."
  value       = module.reports.name
}

output "reports_bucket_arn" {
  description = "ARN of the bucket of reports and evidence."
  value       = module.reports.arn
}
