"""Gap 17: what Terraform's provider reads of an agent."""

from __future__ import annotations

import uuid

from local.instance import Instance


def test_an_agent_has_a_prompt_override_configuration(embedded_aws: Instance) -> None:
    client = embedded_aws.client("bedrock-agent")
    agent = client.create_agent(agentName=f"agent-{uuid.uuid4().hex[:8]}")["agent"]
    got = client.get_agent(agentId=agent["agentId"])["agent"]
    assert got["promptOverrideConfiguration"] == {"promptConfigurations": []}
