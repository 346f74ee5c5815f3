"""Names that somebody else chose, as part of a sentence of ours."""

MOST, HEAD, TAIL = 300, 100, 150  # characters


def shown(name: object) -> str:
    """`name` itself if a terminal can show it, else with escapes; its middle left out if long."""
    text = str(name)
    if len(text) > MOST:
        text = f"{text[:HEAD]}...{text[-TAIL:]}"
    return text if text.isprintable() else repr(text)
