"""What a hostile site may put into a title, a name, an address or an error: two hundred of them."""

from __future__ import annotations

import html
import itertools
import re
import secrets
from urllib.parse import quote

from tests.pipelines.published import add_rows

VECTORS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href='//evil.example/x.css'>",
    "<style>@import '//evil.example/x.css'; * { display: none }</style>",
    "<form action='//evil.example'><button autofocus onfocus=alert(1)>x</button></form>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<xss id=x tabindex=1 onfocus=alert(1) style='display:block'>x</xss>",
    "{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "${alert(1)}<%= alert(1) %>#{alert(1)}",
    "javascript:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "\u202e<script>alert(1)</script>\u2066\x1b[2J\x9b",
)
BREAKS = (
    "{}",
    '">{}',
    "'>{}",
    "</title></textarea></style></script>{}",
    '" onmouseover=alert(1) autofocus onfocus=alert(1) x="{}',
    "--><!--{}",
    "]]>{}",
    "\x00\t\n{}\ud800",
)
PAYLOADS = tuple(brk.replace("{}", vector) for brk, vector in itertools.product(BREAKS, VECTORS))
URLS = tuple(
    address
    for payload in PAYLOADS
    for address in (
        f"https://evil.example/{payload}",
        payload,
        f"https://evil.example/?q={quote(payload, errors='replace')}",
        f"JaVaScRiPt:alert(1)//{html.escape(payload)}",
        f"https://evil.example@{payload}/",
    )
)

DENSE = 25
"""Payloads in one article."""


def scrub(text):
    """Without what no published row holds."""
    return re.sub("[\0\ud800]", "", text)


def add_hostile_rows(data):
    articles, outcomes = [], []
    for number, payload in enumerate(PAYLOADS):
        some = PAYLOADS[number : number + DENSE] if number % DENSE == 0 else (payload,)
        text = "\n\n".join(map(scrub, some))
        blocks, start = [], 0
        for place, one in enumerate(text.split("\n\n")):
            kind = ("paragraph", "heading", "list_item", "quote", "code", "table")[place % 6]
            blocks.append({"kind": kind, "level": None, "start": start, "end": start + len(one)})
            start += len(one) + 2
        articles.append(
            {
                "id": f"{number:032x}",
                "visit": secrets.token_hex(16),
                "site": "evil" if number else payload,
                "url": URLS[5 * number],
                "final_url": URLS[5 * number + 1],
                "canonical_url": URLS[5 * number + 2 + number % 3],
                "title": payload,
                "description": payload,
                "text": text,
                "blocks": blocks,
                "authors": list(some),
                "byline": payload,
                "section": payload,
                "tags": list(some),
                "language": "en" if number % 7 else scrub(payload[:30]),
                "direction": "rtl" if number % 2 else payload[:30],
                "licence": payload,
                "published_at": payload if number % 2 else "2026-04-14T08:00:00+00:00",
                "images": [{"url": URLS[5 * number + 3], "alt": payload, "caption": payload, "lead": True}],
                "corrections": list(some),
                "opt_out": [{"source": payload, "agent": payload, "value": payload}],
                "field_sources": {"title": payload},
                "disagreements": [{"field": "title", "source": one, "value": one} for one in some],
                "removals": [
                    {
                        "rule": one,
                        "stage": "tree",
                        "where": one,
                        "sample": one,
                        "chars": 9,
                        "refused": bool(place % 2),
                    }
                    for place, one in enumerate(some)
                ],
                "archive": {"file": payload, "offset": 1, "record_id": payload} if number == 1 else None,
            }
        )
        outcomes.append(
            {
                "visit": secrets.token_hex(16),
                "outcome": ("dead", "rejected", "gone", "blocked")[number % 4],
                "site": "evil",
                "url": URLS[5 * number + number % 5],
                "reason": payload,
                "evidence": payload,
                "of": None,
                "alike": None,
                "similarity": None,
                "attempts": 3,
                "status": 200,
            }
        )
    first = articles[0]
    articles.append(
        {
            **first,
            "visit": secrets.token_hex(16),
            "revision": 2,
            "title": PAYLOADS[7],
            "text": first["text"][::-1],
        }
    )
    add_rows(data, *articles, day=1)
    add_rows(data, *outcomes, day=1, folder="outcomes")
