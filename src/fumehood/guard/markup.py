"""What HTML and SVG may hold so that showing them runs nothing and fetches nothing: all else is taken out."""

from __future__ import annotations

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS: Final = _names("""
    a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4
    h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong sub summary sup table tbody td
    tfoot th thead time tr u ul var wbr
""")
"""Elements of text, tables and pictures."""

ATTRIBUTES: Final = _names("""
    align alt border class colspan dir headers height href lang open rowspan scope span src start style title
    valign width
""")
"""Their attributes; addresses are looked at one by one."""

SHAPES: Final = _names("""
    circle clipPath defs desc ellipse g image line linearGradient marker mask path pattern polygon polyline
    radialGradient rect stop svg symbol text textPath title tspan use
""")
"""Elements of SVG that draw."""

SHAPE_ATTRIBUTES: Final = _names("""
    class clip-path clip-rule clipPathUnits cx cy d direction dominant-baseline dx dy fill fill-opacity
    fill-rule font-family font-size font-style font-weight fx fy gradientTransform gradientUnits height href
    id letter-spacing marker-end marker-mid marker-start markerHeight markerUnits markerWidth mask maskUnits
    offset opacity orient patternTransform patternUnits points preserveAspectRatio r refX refY rotate rx ry
    spreadMethod stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-opacity stroke-width style text-anchor textLength transform
    version viewBox visibility width x x1 x2 xlink:href y y1 y2
""")
"""Their attributes; references are looked at one by one."""

STYLES: Final = _names("""
    background-color border border-bottom border-collapse border-color border-left border-radius border-right
    border-spacing border-style border-top border-width clip-path clip-rule color display dominant-baseline
    fill fill-opacity fill-rule font font-family font-size font-style font-variant font-weight height
    letter-spacing line-height margin margin-bottom margin-left margin-right margin-top max-height max-width
    min-height min-width opacity overflow padding padding-bottom padding-left padding-right padding-top
    paint-order stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-align text-anchor text-decoration
    text-overflow vertical-align visibility white-space width word-break
""")
"""Properties of style that place, colour and write."""

DROPPED: Final = _names("""
    embed foreignObject form iframe noscript object script style template
""")
"""Elements that go with all that is in them."""
