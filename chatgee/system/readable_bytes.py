"""Numbers of bytes, as people read them."""


def readable(count: int) -> str:
    """In the largest unit that fits."""
    amount, units = float(count), ["B", "KB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    whole = amount >= 10 or units[0] == "B"
    return f"{amount:.0f} {units[0]}" if whole else f"{amount:.1f} {units[0]}"
