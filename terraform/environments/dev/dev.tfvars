# Functions start in observe: the report says what would have been done. Promote them when the findings hold up.
monitored_functions = {
  # "my-function" = {}
}

notification_emails = []

log_level = "DEBUG"
