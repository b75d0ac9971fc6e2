"""The icons that an own object may have: all of them are in the sprite (`frontend/icons.txt`)."""

ICONS = (
    "box", "package", "building", "home", "users", "user", "briefcase", "file-text", "receipt", "cash", "calendar",
    "checkbox", "phone", "mail", "message", "map-pin", "ticket", "star", "tag", "chart-bar", "settings", "database",
    "paperclip", "photo", "clock", "gift", "heart", "trophy", "speakerphone", "route", "category", "shopping-cart",
    "truck", "award", "crown", "flag", "key", "shield", "device-mobile", "device-desktop", "world", "bolt", "robot",
    "note", "bookmark", "archive", "tool", "engine", "car", "plane", "ship", "building-factory", "building-store",
    "building-warehouse", "school", "stethoscope", "pill", "flask", "plant", "paw", "coffee", "shirt", "camera",
    "printer", "bulb", "certificate", "contract", "wallet", "book", "tools",
)  # fmt: skip
