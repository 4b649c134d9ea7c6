"""The style sheet of the HTML report: light and dark, phone and paper, no script and no web font."""

from auto_repair.reports import path_drawing, plot

_LIGHT = """
--bg:#f4f5f7;--card:#fff;--sunken:#f4f5f7;--ink:#15181e;--muted:#5a6372;--line:#e2e5ea;
--accent:#5646d4;--series:#2a6fb8;
--good:#116b50;--good-soft:#e1f4ec;--warn:#8a5200;--warn-soft:#fdf0d5;
--bad:#b3261e;--bad-soft:#fde8e6;--calm:#3d4a5c;--calm-soft:#e8ecf2;
--shadow:0 1px 2px rgb(16 24 40/.06),0 1px 3px rgb(16 24 40/.08)
"""
_DARK = """
--bg:#0e1116;--card:#171b22;--sunken:#0e1116;--ink:#e9ebef;--muted:#9aa5b5;--line:#2b313b;
--accent:#a99cff;--series:#6db2f6;
--good:#58d3a2;--good-soft:#12312a;--warn:#f3bd52;--warn-soft:#38290c;
--bad:#ff8a80;--bad-soft:#3f1917;--calm:#b6c2d3;--calm-soft:#242b36;
--shadow:none
"""

STYLE = (
    f"""
:root{{color-scheme:light dark;{_LIGHT};
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
@media print{{:root{{color-scheme:light;{_LIGHT};--bg:#fff;--shadow:none}}}}
"""
    + """
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 var(--sans);overflow-wrap:anywhere}
.page{max-width:1080px;margin:0 auto;padding:20px 20px 64px}
.masthead{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:baseline;padding:4px 0 16px;
  color:var(--muted);font-size:14px}
.masthead b{color:var(--ink);letter-spacing:-.01em}
.masthead nav{margin-left:auto;display:flex;flex-wrap:wrap;gap:2px 16px}
a{color:var(--accent);text-underline-offset:2px}
.masthead a{color:var(--muted);text-decoration:none}
.masthead a:hover{color:var(--ink);text-decoration:underline}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px 28px;
  margin:0 0 16px;box-shadow:var(--shadow)}
h1{font-size:27px;line-height:1.25;letter-spacing:-.02em;margin:14px 0 8px;text-wrap:balance}
h2{font-size:18px;line-height:1.3;letter-spacing:-.01em;margin:0 0 14px}
h3{font-size:15px;margin:22px 0 8px}
p{margin:0 0 12px}
.lead{font-size:17px;color:var(--muted);max-width:75ch}
.muted{color:var(--muted)}
.small{font-size:14px}
code,pre{font-family:var(--mono);font-size:13px}
pre{background:var(--sunken);border:1px solid var(--line);border-radius:8px;padding:12px 14px;
  margin:0 0 12px;overflow-x:auto;line-height:1.6;white-space:pre-wrap}
pre.commands{white-space:normal}
.diff del,.diff ins{text-decoration:none}
.diff del{color:var(--bad)}
.diff ins{color:var(--good)}
.command{display:block;white-space:pre-wrap;padding-left:2ch;text-indent:-2ch}
.command+.command{margin-top:6px}
.badge{display:inline-flex;align-items:center;gap:7px;border-radius:999px;padding:4px 13px 4px 10px;
  font-size:14px;font-weight:600}
.badge::before{font-weight:700}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.calm{color:var(--calm)}
.badge.good,.chip.good{background:var(--good-soft)}.badge.warn,.chip.warn{background:var(--warn-soft)}
.badge.bad,.chip.bad{background:var(--bad-soft)}.badge.calm,.chip.calm{background:var(--calm-soft)}
.badge.good::before{content:"✓"}.badge.warn::before{content:"!"}.badge.bad::before{content:"✕"}.badge.calm::before{content:"•"}
.chip{display:inline-block;border-radius:6px;padding:1px 8px;font-size:13px;font-weight:600;
  white-space:nowrap}
.place{margin-left:12px;color:var(--muted);font-size:14px}
.figures{display:flex;flex-wrap:wrap;gap:14px 40px;margin:20px 0 4px;padding:0}
.figures div{min-width:0}
.figures dt,.facts dt{color:var(--muted);font-size:13px}
.figures dd{margin:0;font-size:20px;font-weight:600;letter-spacing:-.01em}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:7px 24px;margin:20px 0 0;padding:18px 0 0;
  border-top:1px solid var(--line);font-size:15px}
.facts dt{padding-top:1px}
.facts dd{margin:0}
.facts.plain{grid-template-columns:max-content 1fr;border-top:0;padding:0;margin:0 0 12px;gap:4px 18px;
  font-size:14.5px}
.toll{font-size:20px;font-weight:600;letter-spacing:-.01em}
.spread{display:flex;flex-wrap:wrap;gap:8px 40px;align-items:flex-start}
.spread .path{flex:0 1 auto;max-width:100%}
.steps{flex:1 1 260px;margin:0 0 14px;padding-left:20px}
.steps li{margin:0 0 12px}
.steps li::marker{color:var(--muted)}
h3 .muted{font-weight:400}
.likeness{white-space:nowrap}
.words{white-space:pre-line;max-width:75ch}
.answer{color:var(--muted);margin:14px 0}
.answer div+div{margin-top:6px}
.answer code{color:var(--ink)}
h4{font-size:14px;margin:20px 0 8px}
.next{margin:0;padding-left:22px}
.next li{margin:0 0 6px}
.next+p,.next+.facts.plain{margin-top:12px}
.difference{display:grid;gap:10px;margin:0 0 14px}
.difference>div{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 14px;background:var(--sunken);
  border:1px solid var(--line);border-radius:8px;padding:11px 16px}
.difference .what::first-letter{text-transform:uppercase}
.difference .what{flex:1 1 220px}
.difference del,.difference ins{text-decoration:none;font-size:19px;font-weight:600;
  font-variant-numeric:tabular-nums}
.difference del{color:var(--bad);font-weight:500}
.difference ins{color:var(--good)}
.difference.untouched ins{color:var(--calm)}
.difference.untouched del{color:var(--calm)}
.hypothesis{border-top:1px solid var(--line);padding:16px 0 4px}
.hypothesis:first-of-type{border-top:0;padding-top:0}
.hypothesis h3{margin:0 0 6px;display:flex;flex-wrap:wrap;gap:4px 12px;align-items:baseline}
.meter{display:inline-block;width:92px;height:7px;border-radius:4px;background:var(--line);
  overflow:hidden;vertical-align:middle}
.meter span{display:block;height:100%;background:var(--accent)}
.reasons{list-style:none;margin:0 0 10px;padding:0}
.reasons li{padding:2px 0 2px 26px;position:relative}
.reasons li::before{position:absolute;left:4px;font-weight:700}
.reasons.for li::before{content:"+";color:var(--good)}
.reasons.against li::before{content:"−";color:var(--bad)}
.cite{font-family:var(--mono);font-size:12px;margin-left:4px;color:var(--muted);text-decoration:none;
  border:1px solid var(--line);border-radius:4px;padding:0 5px;white-space:nowrap}
a.cite:hover{color:var(--accent);border-color:var(--accent)}
table{border-collapse:collapse;width:100%;font-size:14.5px;font-variant-numeric:tabular-nums}
th{white-space:nowrap;text-align:left;font-weight:600;color:var(--muted);font-size:13px;padding:0 14px 7px 0;
  border-bottom:1px solid var(--line);vertical-align:bottom}
td{padding:9px 14px 9px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
td:last-child,th:last-child{padding-right:0}
tr:target td{background:var(--calm-soft)}
td .query{display:block;margin-top:4px;color:var(--muted);font-size:12px;line-height:1.45}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(290px,1fr));gap:26px 30px;
  margin:6px 0 22px}
figure{display:flex;flex-direction:column;margin:0;min-width:0;break-inside:avoid}
figcaption{flex:1;font-size:14px;margin-bottom:6px}
figcaption b,figcaption span{display:block}
figcaption span{color:var(--muted)}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12.5px;color:var(--muted);margin:4px 0 0 2px;
  padding:0;list-style:none}
.legend svg{display:inline-block;width:16px;height:10px;margin-right:5px;vertical-align:-1px}
.timeline{list-style:none;margin:0;padding:0}
.timeline li{display:grid;grid-template-columns:104px 1fr;gap:18px;padding:0 0 15px;position:relative}
.timeline li:last-child{padding-bottom:0}
.timeline .when{white-space:nowrap;text-align:right;font-variant-numeric:tabular-nums;line-height:1.4}
.timeline .when small{display:block;color:var(--muted);font-size:12px}
.timeline .event{padding-left:20px;min-width:0}
.timeline .event::before{content:"";position:absolute;left:117px;top:7px;width:10px;height:10px;
  border-radius:50%;background:var(--card);border:2px solid currentColor;z-index:1}
.timeline .event.calm::before{border-color:var(--muted)}
.timeline li::after{content:"";position:absolute;left:121px;top:10px;bottom:-10px;width:2px;
  background:var(--line)}
.timeline li:last-child::after{display:none}
.timeline .event b{color:var(--ink)}
.timeline .event p{margin:1px 0 0;color:var(--muted);font-size:14px}
.timeline .event.good::before,.timeline .event.bad::before,
.timeline .event.warn::before{background:currentColor}
footer{color:var(--muted);font-size:13px;padding:6px 2px}
@media (min-width:900px){.facts.wide{grid-template-columns:max-content 1fr max-content 1fr}}
@media (max-width:640px){
.place{margin:8px 0 0;display:block}
.page{padding:12px 12px 40px}
section{padding:18px 16px;border-radius:10px}
h1{font-size:22px}
.masthead nav{margin-left:0;width:100%}
.facts{grid-template-columns:1fr;gap:0}
.facts dd{margin:0 0 10px}
.figures{gap:12px 28px}
.facts.plain{grid-template-columns:1fr;gap:0}
.facts.plain dd{margin:0 0 4px}
.cite{white-space:normal}
.timeline li{grid-template-columns:80px 1fr;gap:12px}
.difference .what{flex-basis:100%}
.timeline .event::before{left:87px}.timeline li::after{left:91px}
.timeline .event{padding-left:16px}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td{display:block}
tr{border-bottom:1px solid var(--line);padding:10px 0}
tr:last-child{border-bottom:0}
td{border:0;padding:2px 0}
td[data-label]::before{content:attr(data-label) " ";color:var(--muted);font-size:13px;margin-right:6px}
}
@media print{
body{font-size:11pt}
.page{max-width:none;padding:0}
.masthead nav{display:none}
section{box-shadow:none;border:0;border-top:1px solid var(--line);border-radius:0;padding:14px 0;
  margin:0}
h2,h3{break-after:avoid}
tr,li,.hypothesis,.path{break-inside:avoid}
.timeline li{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""
    + plot.STYLE
    + path_drawing.STYLE
)
