# Permission for exactly the listed targets, split over as many managed policies as AWS's size limit asks for.

locals {
  size_limit = 6144
  # What stands around the targets, and what each of them takes: its ARNs, each with quotes and a comma.
  frame = length(jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.sid, Effect = "Allow", Action = var.actions, Resource = [] }] }))
  sizes = [for arns in var.targets : sum([for arn in arns : length(arn) + 3])]

  # All targets in one row, cut into pieces of equal length: a target belongs to the piece in which it starts, and
  # has room there even if it is the longest of all.
  room   = local.size_limit - local.frame - max(0, local.sizes...)
  pieces = { for index, arns in var.targets : floor(sum(concat([0], slice(local.sizes, 0, index))) / local.room) => arns... }
  chunks = [for number in range(length(local.pieces)) : local.pieces[number]]
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
}

resource "aws_iam_role_policy_attachment" "this" {
  count = length(local.chunks)

  role       = var.role_name
  policy_arn = aws_iam_policy.this[count.index].arn
}
