"""What people call the columns of their files about customers, products and orders."""

from __future__ import annotations

from kemai.platform.imports.synonyms import add_synonyms

add_synonyms(
    "customer",
    {
        "number": "会员编号 会员号 会员卡号 会员id 卡号 客户代码 客户号 客户id customerid customerno memberno memberid",
        "name": "客户名称 客户名 客户姓名 会员姓名 公司名称 企业名称 单位名称 公司 联系人 顾客姓名 customer "
        "customername company",
        "phone": "会员手机 会员手机号 客户电话 注册手机",
    },
)
add_synonyms(
    "contact",
    {"name": "联系人 联系人姓名", "customer": "客户名称 客户编号 公司名称 所属客户 客户id company account"},
)
add_synonyms(
    "order",
    {
        "number": "订单号 单号 小票号 交易号 流水号 ordernumber orderid orderno",
        "customer": "客户编号 客户名称 会员号 会员编号 会员手机 客户电话 手机号 customerid customernumber",
        "ordered_at": "下单日期 订单时间 订单日期 购买时间 购买日期 交易时间 交易日期 支付时间 付款时间 "
        "销售日期 日期 时间 orderdate date",
        "shop": "店铺 门店名称 网点 store shopname",
        "state": "订单状态 orderstatus",
    },
)
add_synonyms(
    "interaction",
    {
        "customer": "客户编号 客户名称 会员号 会员编号 客户电话 手机号 customerid",
        "at": "跟进时间 联系时间 互动时间",
        "body": "跟进内容 沟通内容 备注",
        "channel": "跟进方式 联系方式 沟通方式",
    },
)
add_synonyms(
    "product",
    {
        "number": "货号 商品编号 商品编码 产品编码 sku 条码 productid",
        "name": "商品名称 商品 产品 品名 product productname",
    },
)
add_synonyms(
    "till",
    {
        "customer_number": "会员号 会员编号 会员卡号 卡号 会员id 客户id 客户号 家庭编号 customerid memberid "
        "householdid",
        "customer_phone": "手机 手机号 手机号码 会员手机 会员手机号 电话 联系电话 phone mobile",
        "customer_name": "会员姓名 顾客姓名 客户姓名 姓名 客户 会员 顾客 customer customername",
        "ordered_at": "下单日期 订单时间 购买时间 购买日期 交易时间 交易日期 支付时间 付款时间 "
        "销售日期 销售时间 日期 时间 date time timestamp "
        "transactiontimestamp orderdate invoicedate",
        "order_number": "订单号 订单编号 单号 小票编号 交易号 流水号 购物篮 basketid orderid orderno "
        "invoiceno receipt invoice",
        "product_number": "商品编号 商品编码 货号 sku 条码 产品编码 productid stockcode",
        "product": "产品 商品 商品名称 品名 商品名 item product description",
        "category": "商品分类 类目 大类 分类 productcategory department",
        "quantity": "件数 销量 qty",
        "price": "售价 unitprice",
        "amount": "实付金额 实付 销售额 销售金额 小计 成交金额 salesvalue linetotal",
        "shop": "店铺 门店名称 网点 商店 store storeid",
        "channel": "销售渠道 平台",
    },
)
