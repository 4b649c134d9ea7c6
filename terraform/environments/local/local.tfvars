# The demo and the tests add the functions they bring along (EXTRA_VARS).
default_mode = "auto"

# Names as the operations manual writes them, and nothing worth protecting.
bucket_suffix       = ""
deletion_protection = false

# Nobody audits the embedded AWS, and it answers LookupEvents without a trail.
audit_trail        = false
monthly_budget_usd = 100
