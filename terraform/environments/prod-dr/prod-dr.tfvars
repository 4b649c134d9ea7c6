# The second region: a system of its own, with its own tables, for the functions that run there. What prod has learnt and
# repaired stays in prod's region. Functions and settings are those of prod.tfvars, with this region's ARNs.
region = "us-west-2"

monitored_functions = {}

notification_emails = []

# The trail of prod records every region, also for this one's rules. In another account, leave both out.
audit_trail     = false
audit_log_group = false
