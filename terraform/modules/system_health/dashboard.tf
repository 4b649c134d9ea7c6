data "aws_region" "current" {}

locals {
  region = data.aws_region.current.name

  executions = [for name in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] :
    ["AWS/States", name, "StateMachineArn", var.state_machine_arn]
  ]

  graphs = [
    { title = "Executions of the workflow", stat = "Sum", metrics = local.executions },
    { title = "What incidents came to", stat = "Sum", metrics = [for name in ["RepairApplied", "RepairVerified", "RepairRolledBack", "IncidentFailed"] : ["LambdaAutoRepair", name, "service", var.service]] },
    { title = "Undelivered events", stat = "Maximum", metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.undelivered_queue_name]] },
    { title = "Duration of an execution (p99)", stat = "p99", metrics = [["AWS/States", "ExecutionTime", "StateMachineArn", var.state_machine_arn]] },
    { title = "Errors of our functions", stat = "Sum", metrics = [for name in values(var.function_names) : ["AWS/Lambda", "Errors", "FunctionName", name]] },
    { title = "Duration of our functions (p99)", stat = "p99", metrics = [for name in values(var.function_names) : ["AWS/Lambda", "Duration", "FunctionName", name]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "lambda-auto-repair-${var.environment}"

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 2
        properties = { title = "Health", alarms = [aws_cloudwatch_metric_alarm.this.arn] }
      }],
      [for index, graph in local.graphs : {
        type   = "metric"
        x      = index % 2 * 12
        y      = 2 + floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          stat    = graph.stat
          period  = local.period
          metrics = graph.metrics
        }
      }],
    )
  })
}
