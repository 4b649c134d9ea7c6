"""Sets the image service up in an account, mends it after an incident, and takes it down."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from local.scenarios.image_service import documents
from local.scenarios.image_service.service import STAGE, ImageService
from local.scenarios.model import JsonObject
from local.scenarios.stage import PERMISSIONS, create_function, package, policy

IMAGES = 3
ALARM_PERIOD_S = 60


def set_up(session: Any, name: str = "image-service") -> ImageService:
    """Create everything, with images that the maker drew. Nothing of that name may exist yet."""
    caller = session.client("sts").get_caller_identity()
    region = session.client("lambda").meta.region_name
    service = ImageService(session, name, caller["Account"], region, api_id="", key_arn="")
    _create_stores(service)
    _create_functions(service)
    service = replace(service, key_arn=_create_key(service))
    grant_decryption(service)
    _create_deployer(service)
    _protect_bucket(service)
    _create_trail(service)
    _draw_images(service)
    service = replace(service, api_id=_create_api(service))
    _create_alarm(service)
    return service


def mend(service: ImageService) -> None:
    """Put every part that an incident changes back to what `set_up` made, as the owner."""
    put_bucket_policy(service, service.client("s3"), documents.bucket_policy(service))
    put_role_policy(service, service.client("iam"), documents.function_permissions(service))
    grant_decryption(service)
    put_throughput(service, service.client("dynamodb"), documents.THROUGHPUT)
    put_code(service, service.client("lambda"), documents.function_files())


def put_bucket_policy(service: ImageService, s3: Any, document: JsonObject) -> None:
    s3.put_bucket_policy(Bucket=service.bucket, Policy=json.dumps(document))


def put_role_policy(service: ImageService, iam: Any, statements: list[JsonObject]) -> None:
    document = json.dumps(policy(*statements))
    iam.put_role_policy(RoleName=service.role, PolicyName=PERMISSIONS, PolicyDocument=document)


def grant_decryption(service: ImageService) -> None:
    """KMS gives no second grant of the same name and content."""
    service.client("kms").create_grant(
        KeyId=service.key_arn,
        GranteePrincipal=service.role_arn,
        Operations=["Decrypt"],
        Name="images-are-read",
    )


def revoke_decryption(service: ImageService, kms: Any) -> None:
    """Take every grant back that lets the function read its images."""
    for grant in kms.list_grants(KeyId=service.key_arn, GranteePrincipal=service.role_arn)["Grants"]:
        kms.revoke_grant(KeyId=service.key_arn, GrantId=grant["GrantId"])


def put_throughput(service: ImageService, dynamodb: Any, throughput: dict[str, int]) -> None:
    """DynamoDB refuses an update that changes nothing."""
    present = dynamodb.describe_table(TableName=service.table)["Table"]["ProvisionedThroughput"]
    if any(present[name] != units for name, units in throughput.items()):
        dynamodb.update_table(TableName=service.table, ProvisionedThroughput=throughput)


def put_code(service: ImageService, functions: Any, files: dict[str, str]) -> None:
    functions.update_function_code(FunctionName=service.function, ZipFile=package(files))
    functions.get_waiter("function_updated_v2").wait(
        FunctionName=service.function, WaiterConfig={"Delay": 0.2}
    )


def _create_stores(service: ImageService) -> None:
    service.client("s3").create_bucket(Bucket=service.bucket)
    dynamodb = service.client("dynamodb")
    dynamodb.create_table(
        TableName=service.table,
        AttributeDefinitions=[{"AttributeName": "image", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "image", "KeyType": "HASH"}],
        ProvisionedThroughput=documents.THROUGHPUT,
    )
    dynamodb.get_waiter("table_exists").wait(TableName=service.table, WaiterConfig={"Delay": 0.2})
    service.client("ssm").put_parameter(Name=service.parameter, Value=service.bucket, Type="String")


def _create_functions(service: ImageService) -> None:
    create_function(
        service.session,
        service.function,
        documents.function_files(),
        memory_mb=256,
        timeout_s=15,
        permissions=documents.function_permissions(service),
        Environment={
            "Variables": {"BUCKET_PARAMETER": service.parameter, "VIEWS_TABLE": service.table},
        },
        TracingConfig={"Mode": "Active"},
    )
    create_function(
        service.session,
        service.maker,
        (documents.HERE / "maker" / "handler.py").read_text(),
        memory_mb=256,
        timeout_s=60,
        permissions=documents.maker_permissions(service),
        Environment={"Variables": {"BUCKET": service.bucket}},
    )


def _create_key(service: ImageService) -> str:
    """A key for the images, which the bucket encrypts with from now on; its ARN."""
    kms = service.client("kms")
    arn = str(
        kms.create_key(
            Description=f"Images of {service.name}", Policy=json.dumps(documents.key_policy(service))
        )["KeyMetadata"]["Arn"]
    )
    kms.create_alias(AliasName=f"alias/{service.name}", TargetKeyId=arn)
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    service.client("s3").put_bucket_encryption(
        Bucket=service.bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": False}]
        },
    )
    return arn


def _create_deployer(service: ImageService) -> None:
    iam = service.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{service.account}:root"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(RoleName=service.deployer, AssumeRolePolicyDocument=json.dumps(policy(trust)))
    document = json.dumps(policy(*documents.deployer_permissions(service)))
    iam.put_role_policy(RoleName=service.deployer, PolicyName=PERMISSIONS, PolicyDocument=document)


def _create_trail(service: ImageService) -> None:
    """EventBridge gets API calls only while a trail logs them."""
    service.client("s3").create_bucket(Bucket=service.trail_bucket)
    statements = [
        _trail_may(service, "s3:GetBucketAcl", f"arn:aws:s3:::{service.trail_bucket}"),
        _trail_may(service, "s3:PutObject", f"arn:aws:s3:::{service.trail_bucket}/AWSLogs/*"),
    ]
    service.client("s3").put_bucket_policy(
        Bucket=service.trail_bucket, Policy=json.dumps(policy(*statements))
    )
    trails = service.client("cloudtrail")
    trails.create_trail(Name=service.trail, S3BucketName=service.trail_bucket)
    trails.start_logging(Name=service.trail)


def _trail_may(service: ImageService, action: str, resource: str) -> JsonObject:
    trail_arn = f"arn:aws:cloudtrail:{service.region}:{service.account}:trail/{service.trail}"
    return {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": {"aws:SourceArn": trail_arn}},
    }


def _protect_bucket(service: ImageService) -> None:
    """The policy the bucket has long had: the one to restore."""
    s3 = service.as_deployer("s3", "bucket-baseline")
    put_bucket_policy(service, s3, documents.bucket_policy(service))


def _draw_images(service: ImageService) -> None:
    event = {"text": "a lighthouse at dusk", "count": IMAGES}
    answer = service.client("lambda").invoke(FunctionName=service.maker, Payload=json.dumps(event))
    if "FunctionError" in answer:
        raise RuntimeError(f"{service.maker} failed: {answer['Payload'].read().decode()}")


def _create_api(service: ImageService) -> str:
    """The REST API with its stage, detailed metrics and traces; its id."""
    gateway = service.client("apigateway")
    api_id = str(
        gateway.create_rest_api(
            name=service.name, binaryMediaTypes=["*/*"], endpointConfiguration={"types": ["REGIONAL"]}
        )["id"]
    )
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api_id, parentId=root, pathPart="random")["id"]
    method = {"restApiId": api_id, "resourceId": resource, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    invocations = f"lambda:path/2015-03-31/functions/{service.function_arn}/invocations"
    uri = f"arn:aws:apigateway:{service.region}:{invocations}"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    service.client("lambda").add_permission(
        FunctionName=service.function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{service.region}:{service.account}:{api_id}/*",
    )
    deployment = gateway.create_deployment(restApiId=api_id)["id"]
    gateway.create_stage(restApiId=api_id, stageName=STAGE, deploymentId=deployment, tracingEnabled=True)
    detailed = {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"}
    gateway.update_stage(restApiId=api_id, stageName=STAGE, patchOperations=[detailed])
    return api_id


def _create_alarm(service: ImageService) -> None:
    dimensions = {"ApiName": service.name, "Stage": STAGE}
    service.client("cloudwatch").put_metric_alarm(
        AlarmName=service.alarm,
        AlarmDescription="The API answers with 5XX.",
        Namespace="AWS/ApiGateway",
        MetricName="5XXError",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Statistic="Sum",
        Period=ALARM_PERIOD_S,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def tear_down(service: ImageService) -> None:
    """Delete everything that `set_up` and incidents made; what is gone already is no matter."""
    _delete(service, "cloudwatch", "delete_alarms", AlarmNames=[service.alarm])
    _delete(service, "apigateway", "delete_rest_api", restApiId=service.api_id)
    for name in (service.function, service.maker):
        _delete(service, "lambda", "delete_function", FunctionName=name)
        _delete(service, "logs", "delete_log_group", logGroupName=f"/aws/lambda/{name}")
        _delete_role(service, f"{name}-role")
    _delete_role(service, service.deployer)
    _delete(service, "dynamodb", "delete_table", TableName=service.table)
    for name in (service.parameter, f"/{service.name}-newsletter/sender"):
        _delete(service, "ssm", "delete_parameter", Name=name)
    _delete(service, "cloudtrail", "delete_trail", Name=service.trail)
    for bucket in (service.bucket, service.trail_bucket):
        _delete_bucket(service, bucket)
    _delete(service, "kms", "delete_alias", AliasName=f"alias/{service.name}")
    _delete(service, "kms", "schedule_key_deletion", KeyId=service.key_id, PendingWindowInDays=7)


def _delete(service: ImageService, client: str, operation: str, **parameters: Any) -> None:
    with suppress(ClientError):
        getattr(service.client(client), operation)(**parameters)


def _delete_role(service: ImageService, name: str) -> None:
    with suppress(ClientError):
        for document in service.client("iam").list_role_policies(RoleName=name)["PolicyNames"]:
            service.client("iam").delete_role_policy(RoleName=name, PolicyName=document)
    _delete(service, "iam", "delete_role", RoleName=name)


def _delete_bucket(service: ImageService, name: str) -> None:
    s3 = service.client("s3")
    with suppress(ClientError):
        s3.delete_bucket_policy(Bucket=name)  # it may forbid the rest
        for found in s3.list_objects_v2(Bucket=name).get("Contents", []):
            s3.delete_object(Bucket=name, Key=found["Key"])
        s3.delete_bucket(Bucket=name)
