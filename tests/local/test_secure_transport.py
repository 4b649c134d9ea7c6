"""A bucket that insists on TLS serves the embedded AWS's clients, and denies nobody else's wishes by it."""

import json

from local.instance import Instance


def test_a_bucket_that_insists_on_tls_can_be_written(embedded_aws: Instance) -> None:
    s3 = embedded_aws.client("s3")
    s3.create_bucket(Bucket="tls-only")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    iam, sts = embedded_aws.client("iam"), embedded_aws.client("sts")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    role = iam.create_role(RoleName="tls-writer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::tls-only/*"}
    iam.put_role_policy(
        RoleName="tls-writer",
        PolicyName="write",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    keys = sts.assume_role(RoleArn=role, RoleSessionName="writer")["Credentials"]
    writer = embedded_aws.client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert (
        writer.put_object(Bucket="tls-only", Key="x", Body=b"x")["ResponseMetadata"]["HTTPStatusCode"] == 200
    )
