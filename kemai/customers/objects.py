"""How customers, what they buy and what is said with them appear."""

from django.utils.translation import gettext_lazy as _

from kemai.customers import panels, privacy_objects  # noqa: F401 - registered with the rest
from kemai.customers.models import (
    Category,
    ChainStrategy,
    Consent,
    Contact,
    Customer,
    Identifier,
    Interaction,
    Order,
    Product,
    Segment,
    Shop,
)
from kemai.customers.models.trade import SALES_CHANNELS
from kemai.customers.services import (
    chain,
    consents,
    hooks,
    merging,
    provenance,
    recheck,
    record_similar,
    similar,
    timeline,
    uses,
)
from kemai.platform.define import doubles
from kemai.platform.models import Tag
from kemai.platform.objects import (
    Hooks,
    LinkKind,
    Numbering,
    ObjectType,
    Section,
    View,
    find_similar_everywhere,
    register,
    register_link,
    relate,
)
from kemai.platform.records.belongings import Belonging, register_belonging

CUSTOMER = register(
    ObjectType(
        key="customer",
        model=Customer,
        title="name",
        icon="users",
        nav="customers",
        nav_order=10,
        search=("name", "phone", "email", "number"),
        columns=(
            "name", "value_class", "activity", "phone", "region", "owner", "amount_12m", "last_order_at",
            "last_contact_at", "tags", "created_at",
        ),
        form=(
            Section(_("基本信息"), "name", "kind", "roles", "stage", "important", "source", "owner"),
            Section(_("联系方式"), "phone", "email", "wecom_id", "region", "address", "website"),
            Section(_("身份"), "number", "credit_code", "industry", "gender", "birthday"),
            Section(_("状态"), "validity", "invalid_reason", "tags", "note"),
        ),
        sections=(
            Section(
                _("购买"), "first_order_at", "last_order_at", "orders_12m", "amount_12m", "orders_total",
                "amount_total", "gap_median_days", "favourite_category", "preferred_channel", "preferred_hour",
            ),
            Section(
                _("分类"), "value_class", "class_since", "activity", "activity_since", "rfm_cell", "r_score",
                "f_score", "m_score", "completeness", "freshness", "last_contact_at", "last_inbound_at",
                "last_outbound_at", "next_contact_at", "verified_at", "conflicts", "computed_at",
            ),
        ),
        badges=("value_class", "activity", "validity", "important"),
        views=(
            View("high", _("高价值"), {"field": "value_class", "op": "in", "value": ["high"]}, "-amount_12m"),
            View("dormant", _("沉睡"), {"field": "activity", "op": "in", "value": ["dormant"]}, "last_order_at"),
            View("month", _("本月新客"), {"field": "created_at", "op": "this", "value": "month"}, "-created_at"),
        ),
        purpose=_("客户是买过或可能买您东西的人和企业；有了他们，才有画像、分类和客户链。"),
        board="stage",
        date="created_at",
        parts=("facts",),
        unique=("number", "phone", "email", "wecom_id", "credit_code"),
        sort="-created_at",
        sort_paths={"name": "name_sort"},
        choices={"preferred_channel": SALES_CHANNELS},
        timeline=True,
        tags=True,
        numbering=Numbering("number", "C"),
        hooks=Hooks(
            prepare=hooks.prepare_customer,
            early=True,
            check=hooks.check_customers,
            after=recheck.after_customer,
            heeds=frozenset({"validity", *provenance.TRACED}),
            spare=provenance.spare,
            check_merge=merging.check_merge,
            merged=merging.merged,
            parted=merging.parted,
        ),
        explain=panels.explain,
        traced=provenance.TRACED,
        similar=similar.find_similar,
        similar_by=("kind", "region", "address", "birthday"),
        complete=panels.complete,
        sources=list(timeline.SOURCES),
        panels=list(panels.PANELS),
    )
)  # fmt: skip
CONTACT = register(
    ObjectType(
        key="contact",
        model=Contact,
        title="name",
        icon="address-book",
        nav="customers",
        nav_order=20,
        search=("name", "phone", "email"),
        columns=("name", "customer", "title", "role", "phone", "email", "created_at"),
        form=(
            Section(_("基本信息"), "customer", "name", "title", "role", "primary"),
            Section(_("联系方式"), "phone", "email", "wecom_id", "gender", "birthday", "note"),
        ),
        badges=("role", "primary"),
        parent="customer",
        unique=("phone", "email"),
        doubles={
            "name": "person", "phone": "phone", "email": "email", "wecom_id": "same", "birthday": "same",
            "customer": "same",
        },
    )
)  # fmt: skip
IDENTIFIER = register(
    ObjectType(
        key="identifier",
        model=Identifier,
        title="value",
        icon="id",
        columns=("kind", "value", "state", "customer"),
        form=(Section(_("标识"), "customer", "kind", "raw", "state"),),
        parent="customer",
        hooks=Hooks(prepare=hooks.prepare_identifier, check=hooks.check_identifiers),
    )
)
CONSENT = register(
    ObjectType(
        key="consent",
        model=Consent,
        title="purpose",
        icon="shield-check",
        columns=("purpose", "channel", "state", "at", "customer"),
        form=(
            Section(_("授权同意"), "customer", "purpose", "channel", "state", "at", "text_version", "proof"),
        ),
        parent="customer",
        date="at",
        hooks=Hooks(after=consents.after_consent),
    )
)
INTERACTION = register(
    ObjectType(
        key="interaction",
        model=Interaction,
        title="subject",
        icon="messages",
        nav="customers",
        nav_order=30,
        columns=("at", "customer", "channel", "direction", "subject", "outcome", "owner"),
        form=(
            Section(_("互动"), "customer", "contact", "channel", "direction", "at", "subject", "body"),
            Section(_("结果"), "outcome", "minutes", "owner", "external_id"),
        ),
        parent="customer",
        date="at",
        badges=("channel", "outcome"),
        sort="-at",
        unique=("external_id",),
        hooks=Hooks(check=hooks.check_interactions, after=hooks.after_interaction),
    )
)
CATEGORY = register(
    ObjectType(
        key="category", model=Category, title="name", icon="category", nav="customers", nav_order=60,
        search=("name",), columns=("name", "parent"), form=(Section(_("品类"), "name", "parent"),),
        unique=("name",), small=True, sort="name",
    )
)  # fmt: skip
PRODUCT = register(
    ObjectType(
        key="product",
        model=Product,
        title="name",
        icon="package",
        nav="customers",
        nav_order=50,
        search=("name", "number"),
        columns=("name", "number", "category", "price", "cost", "unit", "active"),
        form=(Section(_("产品"), "name", "number", "category", "price", "cost", "unit", "active", "note"),),
        unique=("number",),
        small=True,
        sort="name",
        numbering=Numbering("number", "P", 5),
    )
)
SHOP = register(
    ObjectType(
        key="shop", model=Shop, title="name", icon="building-store", nav="customers", nav_order=70,
        search=("name",), columns=("name", "channel", "region", "address"),
        form=(Section(_("门店"), "name", "channel", "region", "address"),), unique=("name",), small=True, sort="name",
    )
)  # fmt: skip
ORDER = register(
    ObjectType(
        key="order",
        model=Order,
        title="number",
        icon="shopping-cart",
        nav="customers",
        nav_order=40,
        search=("number",),
        columns=("number", "customer", "ordered_at", "amount", "quantity", "channel", "shop", "state"),
        form=(
            Section(_("订单"), "customer", "number", "ordered_at", "channel", "shop", "state"),
            Section(_("金额"), "amount", "quantity", "note"),
        ),
        parent="customer",
        date="ordered_at",
        sort="-ordered_at",
        unique=("number",),
        numbering=Numbering("number", "SO", 8),
        badges=("state",),
        hooks=Hooks(after=hooks.after_order),
        panels=list(panels.ORDER_PANELS),
    )
)
SEGMENT = register(
    ObjectType(
        key="segment", model=Segment, title="name", icon="chart-donut", nav="customers", nav_order=15,
        columns=("name", "size", "refreshed_at", "owner"), form=(Section(_("分群"), "name", "description", "owner"),),
        small=True, importable=False, hooks=Hooks(prepare=hooks.prepare_segment),
    )
)  # fmt: skip
CHAIN_STRATEGY = register(
    ObjectType(
        key="chain_strategy", model=ChainStrategy, title="value_class", icon="link",
        columns=("value_class", "objective", "strategy", "metric", "contact_every_days", "review_on"),
        form=(
            Section(
                _("策略"), "value_class", "objective", "strategy", "metric", "contact_every_days", "review_on"
            ),
        ),
        small=True, creatable=False, importable=False, sort="id", hooks=Hooks(prepare=chain.prepare_strategy),
    )
)  # fmt: skip
TAG = register(
    ObjectType(
        key="tag", model=Tag, title="name", icon="tag", nav="customers", nav_order=80, search=("name", "group"),
        columns=("name", "group", "color", "valid_days", "description"),
        form=(Section(_("标签"), "name", "group", "color", "valid_days", "description"),),
        unique=("name",), small=True, sort="name",
    )
)  # fmt: skip

register_belonging(Belonging("interaction", stays=True))  # it says who spoke with the customer
relate("customer", "contact", "customer")
relate("customer", "order", "customer")
relate("customer", "interaction", "customer")
relate("customer", "identifier", "customer")
relate("customer", "consent", "customer")

PARTIES = ("customer",)
PEOPLE = ("customer", "contact")
register_link(LinkKind("parent", _("子公司"), _("母公司"), PARTIES, PARTIES, 10))
register_link(LinkKind("branch", _("分支机构"), _("总部"), PARTIES, PARTIES, 20))
register_link(LinkKind("supply", _("下游客户"), _("上游供应商"), PARTIES, PARTIES, 30))
register_link(LinkKind("works_at", _("任职单位"), _("员工"), PEOPLE, PARTIES, 40))
register_link(LinkKind("referral", _("转介绍的客户"), _("介绍人"), PEOPLE, PEOPLE, 50))
register_link(LinkKind("partner", _("合作伙伴"), "", PARTIES, PARTIES, 60))
register_link(LinkKind("household", _("家人"), "", PEOPLE, PEOPLE, 70))
register_link(LinkKind("related", _("相关记录"), "", order=90))
relate("customer", "privacy_request", "customer")

uses.register()
doubles.own_way("customer")
find_similar_everywhere(record_similar.find_similar)
