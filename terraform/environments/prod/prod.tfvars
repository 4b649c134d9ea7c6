# Functions start in observe: the report says what would have been done. Promote them when the findings hold up:
#
#   "orders" = {
#     mode    = "ask"
#     repairs = { raise_memory = "auto" }
#     limits  = { max_memory_mb = 2048 }
#     alias   = "live"
#     contact = "orders-team@example.com"
#   }
monitored_functions = {}

notification_emails = []

# One environment per account has the budget. Activate the cost allocation tag Project first.
monthly_budget_usd = 100
