"""Raises exceptions whose names and texts are HTML, scripts, terminal escapes, line breaks and emoji."""

TEXT = "<script>alert(1)</script>\x1b[2J\x1b]0;t\x07\u202e{{ 7*7 }}</pre>\r\n\x00\ud800\U0001f600=1+1"
Markup = type("<b>Error\nNext\U0001f389</b>", (Exception,), {})


def forward(self, x):
    raise Markup(TEXT)


forward.__code__ = forward.__code__.replace(co_name="<img src=x>\n\U0001f389", co_filename=__file__)
LeakyReLU = type("LeakyReLU", (), {"__init__": lambda self, alpha: None, "forward": forward})
