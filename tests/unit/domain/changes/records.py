"""CloudTrail records as AWS writes them."""

from typing import Any

ACCOUNT = "123456789012"
OURS = "lambda-auto-repair-execution-test"
BOTO = "Boto3/1.40.4 md/Botocore#1.40.4 lang/python#3.13.1 exec-env/AWS_Lambda_python3.13"
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) "
    "terraform-provider-aws/5.100.0 (+https://registry.terraform.io/providers/hashicorp/aws) "
    "aws-sdk-go-v2/1.32.7 os/linux lang/go#1.23.3 api/s3#1.72.0"
)


def of_role(role: str = "deployer", session: str = "anna@example.org") -> dict[str, Any]:
    """`userIdentity` of a session of a role."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                "accountId": ACCOUNT,
                "userName": role,
            },
            "attributes": {"creationDate": "2026-01-31T11:40:00Z", "mfaAuthenticated": "false"},
        },
    }


def record(
    service: str,
    name: str,
    parameters: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A record of a successful call by a role; `more` replaces and adds fields."""
    return {
        "eventVersion": "1.11",
        "userIdentity": of_role(),
        "eventTime": "2026-01-31T11:50:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": BOTO,
        "requestParameters": parameters,
        "responseElements": answer,
        "requestID": "7bb906fa-dc21-4350-b65c-808ff0f72f55",
        "eventID": f"{service}-{name}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **more,
    }


POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Readers",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/images"},
            "Action": ["s3:GetObject", "secretsmanager:GetSecretValue"],
            "Resource": "arn:aws:s3:::images/*",
        }
    ],
}


def bucket_policy(policy: Any = POLICY, **more: Any) -> dict[str, Any]:
    """PutBucketPolicy: the policy is an object, beside the parameters of the request's address."""
    parameters = {
        "bucketPolicy": policy,
        "bucketName": "images",
        "Host": "images.s3.us-east-1.amazonaws.com",
        "policy": "",
    }
    return record("s3", "PutBucketPolicy", parameters, **more)
