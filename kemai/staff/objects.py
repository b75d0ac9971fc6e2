"""Staff as others refer to them. They are administered on their own pages (settings), not as records."""

from kemai.platform.objects import ObjectType, register
from kemai.staff.models import Department, User

DEPARTMENT = register(
    ObjectType(
        key="department",
        model=Department,
        title="name",
        icon="sitemap",
        small=True,
        administered=True,
        creatable=False,
        importable=False,
        private=("parent",),
    )
)
USER = register(
    ObjectType(
        key="user",
        model=User,
        title="name",
        icon="user",
        search=("name", "username"),
        columns=("name", "username", "department"),
        small=True,
        administered=True,
        creatable=False,
        importable=False,
        omit=(
            "password", "last_login", "is_superuser", "is_staff", "date_joined", "first_name", "last_name",
            "language", "theme", "density", "away_from", "away_until",
        ),
        private=("is_active",),
    )
)  # fmt: skip
