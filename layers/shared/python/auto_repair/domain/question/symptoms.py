"""The words by which people mean what is wrong."""

import re
from dataclasses import dataclass

from auto_repair.domain.question.words import Heard, Lexicon
from auto_repair.domain.surroundings import MetricRole


@dataclass(frozen=True)
class AskedSymptom:
    """What is said to be wrong: which kind of metric shows it, and in words."""

    kind: str
    role: MetricRole
    words: str


@dataclass(frozen=True)
class Complaints:
    """What was heard, the telling first; `denied` is said not to be so."""

    symptoms: tuple[AskedSymptom, ...] = ()
    denied: tuple[AskedSymptom, ...] = ()


KINDS = {
    "throttled": AskedSymptom("throttled", MetricRole.SATURATION, "calls are throttled (429)"),
    "out_of_memory": AskedSymptom("out_of_memory", MetricRole.SATURATION, "memory runs out"),
    "denied": AskedSymptom("denied", MetricRole.AVAILABILITY, "calls are denied (401, 403)"),
    "client_errors": AskedSymptom("client_errors", MetricRole.AVAILABILITY, "client errors (4xx)"),
    "server_errors": AskedSymptom("server_errors", MetricRole.AVAILABILITY, "server errors (5xx)"),
    "slow": AskedSymptom("slow", MetricRole.LATENCY, "slow answers or timeouts"),
    "stuck": AskedSymptom("stuck", MetricRole.SATURATION, "work piles up and is not processed"),
    "silent": AskedSymptom("silent", MetricRole.REQUESTS, "no calls arrive"),
    "cost": AskedSymptom("cost", MetricRole.OTHER, "it costs more than expected"),
    "failing": AskedSymptom("failing", MetricRole.AVAILABILITY, "calls fail"),
}
GENERAL = "failing"  # says nothing that the others do not say better
GROWTH = "growing"  # of errors or costs, these are meant; of a queue, its backlog

# A number is a status only if it does not count something: `@` stands for that.
_COUNTED = "ms|s|sec|mb|gb|kb|messages?|requests?|items?|times?|users?|rps"
_NOT_A_COUNT = rf"(?:er|s)?(?![.,]?\d| ?(?:%|[条个次毫]|(?:{_COUNTED})\b))"
_PHRASES = {
    "throttled": r"""
        429@; throttl\w{1,6}; too ?many ?requests\w{0,10}; provisionedthroughput\w{0,24};
        rate (limit|exceed)\w{0,6}; \w{0,3}drosselt?;
        limitation de debit; limite de tasa;  # codespell:ignore limite
        限流; 节流; 被限制
    """,
    "out_of_memory": r"""
        out of memory; oom\w{0,6}; memory leaks?; memory; speicherleck; speicher; memoire; memoria;
        内存
    """,
    "denied": r"""
        40[13]@; access ?denied(exception)?; denied; den(y|ies|ying); forbidden;
        un?authori[sz]ed; not authori[sz]ed;
        permissions?; not allowed; verweigert; verboten; abgelehnt; berechtigung\w{0,6}; refusee?s?;
        interdite?s?; acces refuse; denegad[oa]s?; prohibid[oa]s?;  # codespell:ignore acces
        拒绝访问; 访问被拒绝?; 拒绝; 权限; 无权; 禁止
    """,
    "client_errors": r"""
        4xx; 4(0[024-9]|1\d|2[0-8])@; client errors?; bad requests?; not found
    """,
    "server_errors": r"""
        5xx; 5xxerror; 50[0-35-9]@; internal server errors?; server errors?; bad gateway;
        service unavailable;
        服务器错误
    """,
    "slow": r"""
        slow\w{0,5}; sluggish; lags?; lagg?y; latenc\w{1,3}; time[ds]? ?outs?; timing out; 504@;
        takes? (too|so|very) long; takes? (forever|ages); hangs?; hanging; langsam\w{0,2};
        dauert (\w+ )?(zu )?(lang|ewig)e?; zeituberschreitung(en)?; latenz; lente?s?; lenteur; latence;
        depassements? de delai; lent[oa]s?; latencia; tarda( (mucho|demasiado))?;
        超时; 变慢; 很慢; 太慢; 慢; 延迟; 卡顿
    """,
    "stuck": r"""
        stuck; backlogs?; pil(es?|ing) up; nothing (is |gets )?(processed|happens|consumed);
        (not|no longer|never) (being )?(processed|consumed|drained); iterator ?age; consumer lag;
        grows? and grows?; keeps? growing; staut sich; ruckstau; nicht (mehr )?verarbeitet;
        lauft.{0,60}? voll; no se procesan?;
        bloque\w{0,2}; bloquead[oa]s?; s.accumul\w{1,3}; se acumul\w{1,3}; atascad[oa]s?;
        堆积; 积压; 卡住; 没有处理; 不处理; 未处理
    """,
    GROWTH: r"""
        grow(s|ing|n)?; grew; fill(s|ing) up; full; wachst; crecen?; creciendo;
        grandit; grossit; augmente(nt)?;
        增长; 变长; 变多
    """,
    "silent": r"""
        no (more )?(traffic|requests|invocations|calls|events); stopped (running|being called);
        (not|never) (being )?(called|invoked|triggered);
        (doesn.?t|does not|didn.?t|did not|won.?t) (run|trigger|fire);
        keine aufrufe( mehr)?; nicht (mehr )?(aufgerufen|ausgelost|gestartet); aucun appel;
        pas (ete )?(appelee?|declenchee?); ninguna llamada; no se (ejecuta|dispara);
        没有(被)?(调用|触发|流量|请求); 不触发; 未触发
    """,
    "cost": r"""
        costs?; costly; expensive; pricey; bills?; billing; kosten; kostet; teu(er|re); rechnung;
        couts?; coute; chere?; facture; costos?; cuesta; car[oa]; factura;
        费用; 成本; 账单; 太贵; 很贵
    """,
    "failing": r"""
        errors?; fail\w{0,6}; exceptions?; crash\w{0,3}; broken?; breaks; down;
        (not|no longer) work(ing)?; (doesn.?t|does not) (work|respond|answer); unavailable; outage;
        unreachable; not (reachable|responding|available); \w{0,12}fehlern?; fehlgeschlagen;
        schlag(t|en).{0,60}? fehl; kaputt;
        (geht|gehen|funktionier(t|en)|lauft|laufen|antwortet).{0,60}? nicht( mehr)?;
        ausfall; ausgefallen; abgesturzt; erreurs?;
        echoue(nt)?; en panne; plante; errore?s?;
        ne (marche|fonctionne|repond) (pas|plus);  # codespell:ignore repond
        fall(a|an|o|os|ando); no (funciona|responde); caid[oa]s?;  # codespell:ignore responde
        错误; 失败; 异常; 故障; 报错; 出错; 挂了; 崩溃; 不能用; 不可用; 不工作; 无法访问; 坏了
    """,
}
_LEXICON = Lexicon({kind: phrases.replace("@", _NOT_A_COUNT) for kind, phrases in _PHRASES.items()})
# Right before a complaint: there is none.
_DENIAL = (
    r"(?:(?<![a-z])(?:no|not|isn.?t|aren.?t|without|never|zero|keinen?|kein|nicht|ohne|sans|pas|pas de"
    r"|aucune?|sin|ningun[oa]?)(?: (?:any|more|mehr|longer|really|plus))?\s{1,2}|没有|并没有?|不是|无)$"
)


def complaints(text: str, original: str) -> Complaints:
    """Every symptom in plain `text`, in its order, a general word only where nothing better is said."""
    heard = _LEXICON.hear(text, original)
    said = [h.meaning for h in heard if not _is_denied(text, h)]
    denied = [h.meaning for h in heard if _is_denied(text, h)]
    for weak in ((GENERAL, GROWTH), (GROWTH,), ()):
        if telling := [kind for kind in said if kind not in weak]:
            return Complaints(_kinds(telling), _kinds(denied))
    return Complaints((), _kinds(denied))


def is_symptom(word: str) -> bool:
    """Whether the plain word by itself tells of a symptom."""
    return _LEXICON.knows(word)


def _is_denied(text: str, heard: Heard) -> bool:
    return bool(re.search(_DENIAL, text[max(0, heard.start - 24) : heard.start]))


def _kinds(names: list[str]) -> tuple[AskedSymptom, ...]:
    return tuple(KINDS["stuck" if name == GROWTH else name] for name in dict.fromkeys(names))
