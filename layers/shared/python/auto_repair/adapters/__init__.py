"""Conversations with AWS, one module each: the only home of the AWS SDK."""
