"""Customers and all that is known of them."""

from kemai.customers.models.conflict import ValueConflict
from kemai.customers.models.customer import (
    Consent,
    Contact,
    Customer,
    CustomerFacts,
    FactTransition,
    Identifier,
)
from kemai.customers.models.duplicate import DuplicatePair, DuplicateRun
from kemai.customers.models.insight import (
    ChainMonth,
    ChainPlay,
    ChainStrategy,
    Segment,
    SegmentMember,
    SegmentMove,
)
from kemai.customers.models.privacy import (
    ConsentText,
    DataPurpose,
    EntryStandard,
    HealthCount,
    Incident,
    PrivacyRequest,
    RetentionRule,
    Tombstone,
)
from kemai.customers.models.trade import Category, Interaction, Order, OrderLine, Product, Shop

__all__ = [
    "Category",
    "ChainMonth",
    "ChainPlay",
    "ChainStrategy",
    "Consent",
    "ConsentText",
    "Contact",
    "Customer",
    "CustomerFacts",
    "DataPurpose",
    "DuplicatePair",
    "DuplicateRun",
    "EntryStandard",
    "FactTransition",
    "HealthCount",
    "Identifier",
    "Incident",
    "Interaction",
    "Order",
    "OrderLine",
    "PrivacyRequest",
    "Product",
    "RetentionRule",
    "Segment",
    "SegmentMember",
    "SegmentMove",
    "Shop",
    "Tombstone",
    "ValueConflict",
]
