"""What people call the columns of their files: words for fields by their keys, added to by each domain."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.utils import translation

from kemai.platform.fields import FieldSpec

COMMON: Mapping[str, str] = {
    "name": "名称 姓名 名字 全称 name fullname",
    "number": "编号 编码 代码 号码 number no code",
    "phone": "电话 手机 手机号 手机号码 电话号码 联系电话 联系方式 移动电话 座机 mobile phone tel telephone cellphone "
    "phonenumber",
    "email": "邮箱 电子邮箱 电子邮件 邮件 邮箱地址 email mail emailaddress",
    "wecom_id": "企业微信 企微 企微id 企业微信id wecom wecomid",
    "credit_code": "统一社会信用代码 信用代码 社会信用代码 税号 纳税人识别号 营业执照号 creditcode uscc taxid",
    "region": "地区 省市区 省市 城市 所在地 所在地区 所在城市 省份 区域 region city province area",
    "address": "详细地址 地址 联系地址 街道地址 收货地址 address street",
    "gender": "性别 gender sex",
    "birthday": "生日 出生日期 出生年月 birthday birthdate dateofbirth dob",
    "industry": "行业 所属行业 industry",
    "website": "网站 网址 官网 主页 website url homepage",
    "note": "备注 说明 描述 附注 remark remarks note notes comment",
    "source": "来源 客户来源 渠道来源 获客渠道 source leadsource",
    "owner": "负责人 所属人 业务员 销售 销售员 跟进人 客户经理 归属人 导购 owner assignedto salesperson",
    "tags": "标签 客户标签 tag tags label labels",
    "kind": "类型 客户类型 类别 type kind",
    "stage": "阶段 跟进阶段 状态 stage",
    "channel": "渠道 销售渠道 下单渠道 channel",
    "category": "品类 分类 类目 商品分类 产品分类 category",
    "price": "单价 标价 价格 售价 零售价 price unitprice listprice",
    "amount": "金额 实付金额 实付 应付金额 总金额 订单金额 销售额 成交金额 消费金额 支付金额 合计 amount total paid "
    "sales salesvalue",
    "quantity": "数量 件数 购买数量 qty quantity count",
    "title": "职务 职位 头衔 岗位 title jobtitle position",
    "unit": "单位 计量单位 unit",
    "subject": "主题 标题 subject title",
    "body": "内容 正文 跟进内容 body content text",
    "at": "时间 日期 发生时间 date time datetime",
}
_OBJECTS: dict[str, dict[str, str]] = {}
NOISE = re.compile(r"[\s_\-—/\\.:：*＊#·、,，'\"“”]+")
BRACKETS = re.compile(r"[（(\[【][^）)\]】]*[）)\]】]")


def add_synonyms(type_key: str, words: Mapping[str, str]) -> None:
    """Words (separated by blanks) for the fields of an object type or shape."""
    known = _OBJECTS.setdefault(type_key, {})
    for field, text in words.items():
        known[field] = f"{known.get(field, '')} {text}".strip()


@functools.lru_cache(maxsize=8192)
def folded(header: str) -> str:
    """A heading without what people add to it: case, blanks, stars, remarks in brackets."""
    text = unicodedata.normalize("NFKC", header).casefold()
    bare = NOISE.sub("", BRACKETS.sub("", text))
    return bare or NOISE.sub("", text)


def words_of(spec: FieldSpec, keys: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(its own names: key and labels in all languages; the words people use for it), folded. `keys` are the names
    under which domains have added words: the shape's, the object type's."""
    own = {folded(spec.key)}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            own.add(folded(str(spec.label)))
    special = " ".join(_OBJECTS.get(key, {}).get(spec.key, "") for key in keys)
    return frozenset(own), frozenset(map(folded, f"{special} {COMMON.get(spec.key, '')}".split()))
