"""The page is complete, self-contained and well formed, and foreign text stays text."""

import re
import shlex
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auto_repair.domain.answers import Say
from auto_repair.reports import html
from auto_repair.reports.elements import _VOID
from auto_repair.reports.page_parts import MOST_ROWS
from auto_repair.reports.testimony import how_to_answer
from tests.unit.reports import cases, investigations
from tests.unit.reports.hostile import SAMPLES, hidden_characters, poisoned, texts


class Page(HTMLParser):
    """Tags in order, attributes, and whether every tag is closed where it should be."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


@pytest.fixture(params=cases.ALL)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(html.render(cases.ALL[request.param]()))


def test_every_tag_is_closed(page: Page) -> None:
    assert page.open == []


def test_it_loads_and_runs_nothing(page: Page) -> None:
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "srcset")]
    assert any(value.startswith("default-src 'none'") for value in page.values("content"))


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.values("href") if href.startswith("#")} <= set(ids)
    assert all(href.startswith(("#", "https://")) for href in page.values("href"))


def test_it_is_for_phone_paper_and_both_schemes() -> None:
    source = html.render(cases.repaired())
    assert 'name="viewport" content="width=device-width,initial-scale=1"' in source
    for query in ("prefers-color-scheme:dark", "@media print", "max-width:640px"):
        assert query in source


SECTIONS = {
    "repaired": "overview next root-cause changes verification rollback timeline evidence",
    "climbed_and_rolled_back": "overview next root-cause changes verification timeline evidence",
    "nothing_wrong": "overview next root-cause changes verification timeline evidence",
    "failed_before_change": "overview next verification failure timeline evidence",
    "failed_half_way": "overview next root-cause changes verification rollback failure timeline evidence",
    "image_service": "overview next root-cause path impact changes prevention timeline evidence",
    "unclear": "overview next root-cause impact changes timeline evidence",
    "slow_database": "overview next root-cause impact outlook timeline evidence",
    "everything_said": "overview question next root-cause answers similar model path impact changes"
    " prevention timeline evidence",
    "asked_back": "overview next timeline",
    "invalid": "overview next timeline",
    "joined": "overview timeline",
}


@pytest.mark.parametrize("case", SECTIONS)
def test_sections(case: str) -> None:
    source = html.render(cases.ALL[case]())
    assert re.findall(r'<section id="([a-z-]+)"', source) == SECTIONS[case].split()


def text_of(case: str) -> str:
    return " ".join(" ".join(Page(html.render(cases.ALL[case]())).text).split())


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("repaired", "very likely (93 %)"),
        ("repaired", "128 MB → 384 MB"),
        ("repaired", "24 of 36 runs were killed by the platform"),
        ("repaired", "A memory leak"),
        ("repaired", "aws lambda update-function-configuration --region eu-central-1"),
        ("repaired", "at most about USD 1.27 more a month"),
        ("repaired", "0 errors, same hours of the last 7 days"),
        ("timeout_behind_alias", "version 7 → version 8"),
        ("timeout_behind_alias", "approved by arn:aws:iam::123456789012:user/ada"),
        ("climbed_and_rolled_back", "128 MB → 768 MB → 128 MB"),
        ("climbed_and_rolled_back", "still killed at 384 MB"),
        ("cannot_tell", "CloudWatch Logs: AccessDeniedException on logs:FilterLogEvents"),
        ("refused", "API Gateway waits 29 s, a longer timeout would help no caller"),
        ("failed_before_change", "dynamodb:PutItem"),
        ("observed", "Recommended repair"),
        ("rejected", "What would have been changed"),
        ("observed", "If it is carried out, this takes it back"),
        ("image_service", "Alarm is on apigateway:image-api"),
        ("image_service", "By image-service-deployer/release-241"),
        ("image_service", "Since 2026-01-31 10:02:05 UTC"),
        ("image_service", "Id denied_by_bucket_policy@s3:image-service-images-123456789012"),
        ("image_service", "Why not: apigateway:a1b2c3 is where the alarm fired: usually the messenger"),
        ("image_service", "280 failed calls at apigateway:image-api since 10:02:31 UTC."),
        ("image_service", "Affected too, and not on the way to this alarm: Lambda function gallery-export"),
        ("image_service", "Recommended repair"),
        ("image_service", "for everybody who uses the bucket"),
        ("image_service", "Let this resource be changed by the pipeline only."),
        ("image_service", "in the log of lambda:image-service"),
        ("image_service", "our own repair"),
        ("everything_said", "“my image-api returns 500 since ten” What suffers apigateway:image-api"),
        ("everything_said", "What is wrong server errors (5xx) Since 2026-01-31 10:00:00 UTC Time zone UTC"),
        ("everything_said", "Times are read as UTC: the question names no time zone."),
        ("everything_said", "A bug in the code ruled out arn:aws:iam::123456789012:user/ada"),
        ("everything_said", "no code was deployed since Tuesday"),
        ("everything_said", "late evidence: before: A bug in the code; now: Denied by a bucket's policy"),
        ("everything_said", "94 % 20260103T081500Z-gallery-00000007 3 January 2026, gallery"),
        ("everything_said", "(as a person confirmed), repaired by restore_bucket_policy, held"),
        ("everything_said", "alike: log: AccessDenied; same function. not alike: only there: change: tags"),
        ("everything_said", "Likeness is one more piece of evidence, never a proof."),
        ("everything_said", "The bucket's policy was replaced at 10:02:05"),
        ("everything_said", "It cites change_journal around.lambda:image-service.errors"),
        ("everything_said", "Moved “Denied by a bucket's policy” from 91 % to 95 %: the new policy names it"),
        ("everything_said", "2 turns, 5,210 tokens read, 431 written, 4.2 s, USD 0.0221"),
        ("everything_said", "The model named an evidence id that does not exist: “made-up”. Dropped."),
        ("everything_said", "ENV=prod"),
        ("asked_back", "The question is not clear yet: Which one is “image”"),
        ("unclear", "What was seen around apigateway:image-api is not enough to name a cause."),
        (
            "unclear",
            "Looked at 8 resources: 1 metric, 4 changes and 0 log messages; from 2026-01-31 09:52:31",
        ),
        ("unclear", "Leads, not causes: too little speaks for them."),
        ("slow_database", "Asked the shop is slow since ten"),
        ("slow_database", "Resource elasticloadbalancing:app/shop/50dc6c495c0c9188"),
        ("slow_database", "free storage of rds:shop reaches zero in about"),
    ],
)
def test_it_says(case: str, words: str) -> None:
    assert words in text_of(case)


def test_reasons_link_to_their_evidence() -> None:
    assert re.search(r'<a class="cite" href="#evidence-2">logs.oom</a>', html.render(cases.repaired()))


@cache
def harmless_tags(case: str) -> list[str]:
    """The page's elements where all foreign text is one letter."""
    return Page(html.render(poisoned(cases.ALL[case](), "q"))).tags


@pytest.mark.parametrize("case", cases.ALL)
@given(text=texts)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_foreign_text_never_becomes_markup(case: str, text: str) -> None:
    source = html.render(poisoned(cases.ALL[case](), text))
    assert Page(source).tags == harmless_tags(case)
    assert not hidden_characters(source)
    source.encode("utf-8")


@pytest.mark.parametrize("text", SAMPLES)
def test_a_flood_of_text_is_cut(text: str) -> None:
    assert len(html.render(poisoned(cases.repaired(), text))) < 400_000


@given(st.integers(1, 500))
@settings(max_examples=5, deadline=None)
def test_a_flood_of_items_is_cut_and_said(number: int) -> None:
    item = cases.evidence_before().items[0]
    report = cases.repaired(evidence_before=cases.evidence_before(items=(item,) * number))
    hidden = number - MOST_ROWS
    assert (f"{hidden} more in the JSON report." in html.render(report)) == (hidden > 0)


def test_documents_are_shown_as_a_difference_line_by_line() -> None:
    source = html.render(cases.restored_policy())
    assert "Bucket policy of images, line by line" in source
    assert re.search(
        r"<del>-\s+&quot;Sid&quot;: &quot;It&#x27;s &lt;b&gt;denied&lt;/b&gt; \| `x`&quot;,</del>", source
    )
    assert re.search(r"<ins>\+\s+&quot;Sid&quot;: &quot;AllowApp&quot;,</ins>", source)
    assert "<b>denied</b>" not in source


def test_commands_with_documents_are_not_cut() -> None:
    long = cases.FORMER_POLICY.replace("AllowApp", "x" * 15_000)
    report = cases.restored_policy()
    assert report.plan
    assert report.plan.change
    (setting,) = report.plan.change.settings
    change = replace(report.plan.change, settings=(replace(setting, before=long),))
    source = html.render(replace(report, plan=replace(report.plan, change=change, undo=change.inverse())))
    assert f"{'x' * 15_000}" in source.partition("put-bucket-policy")[2]


def test_reasons_link_to_what_lies_around() -> None:
    source = html.render(cases.ALL["image_service"]())
    assert '<a class="cite" href="#around-2">around.lambda:image-service.errors</a>' in source
    assert '<a class="cite" href="#change-2">change.b1</a>' in source
    assert re.search(r'<tr id="change-2">.*?UpdateFunctionConfiguration', source)


def test_the_change_behind_the_cause_is_shown_line_by_line() -> None:
    source = html.render(cases.ALL["image_service"]())
    assert "<h3>PutBucketPolicy: before and after</h3>" in source
    assert re.search(r"<ins>\+\s+&quot;Sid&quot;: &quot;NoReading&quot;,</ins>", source)


def test_large_surroundings_stay_readable() -> None:
    report = investigations.image_service()
    around = investigations.surroundings()
    assert report.evidence_before
    names = [r.id for r in around.scope.resources]
    many = replace(
        around,
        series=tuple(
            replace(s, resource=name, metric=f"{s.metric} {n}")
            for n in range(8)
            for name in names
            for s in around.series[:3]
        ),
        changes=tuple(replace(investigations.PUT, event_id=str(n), before="", after="") for n in range(500)),
        signatures=(investigations.REFUSED,) * 500,
        items=around.items * 100,
    )
    source = html.render(replace(report, evidence_before=replace(report.evidence_before, surroundings=many)))
    assert len(source) < 400_000
    assert "340 more in the JSON report." in source


@pytest.mark.parametrize("text", SAMPLES)
def test_a_flood_of_words_is_cut(text: str) -> None:
    assert len(html.render(poisoned(cases.ALL["everything_said"](), text))) < 600_000


def test_an_explanation_of_another_cause_than_the_present_one_says_so() -> None:
    report = investigations.everything_said()
    assert report.diagnosis
    assert report.diagnosis.counsel
    stale = replace(report.diagnosis.counsel, about=investigations.CODE.id)
    source = html.render(replace(report, diagnosis=replace(report.diagnosis, counsel=stale)))
    assert "It explains “A bug in the code”, which is not held responsible now." in source
    assert "which is not held responsible now" not in html.render(report)


def test_who_has_spoken_about_the_cause_is_not_asked_again() -> None:
    report = investigations.everything_said()
    assert "ACCEPT=" in html.render(report)
    said = replace(report.answers[0], finding=investigations.DENIED.id, say=Say.ACCEPT)
    assert "ACCEPT=" not in html.render(replace(report, answers=(said,)))


def test_a_command_with_a_foreign_id_is_one_command() -> None:
    report = investigations.everything_said()
    assert report.cause
    hostile = replace(report.cause, resource="s3:x; rm -rf / #`id`$(id)")
    assert report.diagnosis
    diagnosis = replace(report.diagnosis, hypotheses=(hostile,))
    _, (_, command) = how_to_answer(replace(report, diagnosis=diagnosis))
    # What make reads as a dollar sign stands there twice.
    assert shlex.split(command)[3] == f"DECLINE={hostile.id.replace('$', '$$')}"
    assert len(shlex.split(command)) == 5
