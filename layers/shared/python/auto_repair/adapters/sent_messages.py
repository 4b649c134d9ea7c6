"""Which messages were sent: powertools' idempotency records in the incidents table."""

from decimal import Decimal
from secrets import randbelow
from typing import Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyItemAlreadyExistsError
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord


class SentMessages(DynamoDBPersistenceLayer):
    """Knows its own claim when only the answer to it was lost, and the SDK's second try is refused."""

    def _put_record(self, data_record: DataRecord) -> None:
        # The expiry is all of the claim that comes back with a refusal, and two may claim in one millisecond.
        # Powertools counts in whole milliseconds; DynamoDB compares a fraction of one just as well.
        expiry = Decimal(data_record.in_progress_expiry_timestamp or 0)
        claim: Any = expiry + Decimal(randbelow(10**9)).scaleb(-9)
        data_record.in_progress_expiry_timestamp = claim
        try:
            super()._put_record(data_record)
        except IdempotencyItemAlreadyExistsError as refused:
            found = refused.old_data_record
            if not found or found.in_progress_expiry_timestamp != claim:
                raise
