"""How selling appears: leads, deals and what stages are made of."""

from kemai.sales.objects import course, deal, lead, pool, target, visit  # noqa: F401 - each registers its types
