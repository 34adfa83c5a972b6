"""What the page on operations names is there."""

import re
from pathlib import Path

import pytest
import yaml

from opsmith import metrics
from opsmith.app.doctor_servers import RIGHTS
from opsmith.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(params=["operations.md", "operations.zh.md"])
def page(request: pytest.FixtureRequest) -> str:
    return (DOCS / request.param).read_text(encoding="utf-8")


def test_each_metric_that_is_named_is_measured(page: str) -> None:
    measured = {
        name
        for family in metrics.REGISTRY.collect()
        for name in (family.name, f"{family.name}_total" if family.type == "counter" else "")
    }
    named = set(re.findall(r"\bopsmith_[a-z_]+\b", page))
    assert len(named) > 10
    assert named <= measured


def test_each_setting_that_is_named_is_there(page: str) -> None:
    known = {f"OPSMITH_{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(r"\bOPSMITH_[A-Z_]+\b", page)) <= known


def test_the_rights_are_those_that_the_doctor_looks_for(page: str) -> None:
    assert f"GRANT {', '.join(RIGHTS)} ON opsmith.*" in page


def test_the_alert_rules_are_rules() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    (rules,) = re.findall(r"```yaml\n(groups:.*?)```", text, re.DOTALL)
    (group,) = yaml.safe_load(rules)["groups"]
    for rule in group["rules"]:
        assert rule["alert"].startswith("Opsmith") and rule["expr"]
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert rule["annotations"]["summary"]
