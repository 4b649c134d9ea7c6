"""Self-healing for AWS Lambda: find out why, repair within policy, prove it or take it back."""
