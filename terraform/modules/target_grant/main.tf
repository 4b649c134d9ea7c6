# Permission for exactly the listed targets, split over as many managed policies as AWS's size limit asks for.

locals {
  size_limit = 6144
  chunks     = chunklist(var.targets, var.targets_per_policy)
}

data "aws_iam_policy_document" "this" {
  count = length(local.chunks)

  statement {
    sid       = var.sid
    actions   = var.actions
    resources = flatten(local.chunks[count.index])
  }
}

resource "aws_iam_policy" "this" {
  count = length(local.chunks)

  name        = "${var.name}-${count.index + 1}"
  description = "${var.sid}, part ${count.index + 1} of ${length(local.chunks)}"
  policy      = data.aws_iam_policy_document.this[count.index].minified_json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.this[count.index].minified_json) <= local.size_limit
      error_message = "${var.name}: ${var.targets_per_policy} targets make a policy of more than ${local.size_limit} characters. Set a smaller targets_per_policy."
    }
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  count = length(local.chunks)

  role       = var.role_name
  policy_arn = aws_iam_policy.this[count.index].arn
}
