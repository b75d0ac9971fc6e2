"""What people say: the texts of interactions and tasks. Slots: {call} 王女士/李经理, {product}, {second}, {order},
{amount}, {city}, {shop}, {staff}, {year}."""

from __future__ import annotations

from typing import NamedTuple


class Talk(NamedTuple):
    """Texts of one kind of touch: subjects, and bodies put together from one part of each list. `paired`: the
    subjects go with the first parts, one to one."""

    subjects: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    paired: bool = False


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.strip().split("|"))


CALLBACK = Talk(
    _split("购后回访|{product} 使用回访|订单 {order} 回访"),
    (
        _split("回访{call}，{product} 已收到|电话回访{call}，确认 {order} 已签收|{call}接听，说 {product} 用了几天"
               "|联系{call}做购后回访，主要问 {product} 的使用感受"),
        _split("，整体满意|，说包装很用心|，味道比上次的好|，颜色和图片略有差别但能接受|，家里人都喜欢|，觉得价格稍高"
               "|，对物流速度满意|，说明书不太看得懂，已现场讲解|，有一件外盒压痕，不影响使用|，质量很好，打算回购"),
        _split("。想了解 {second} 什么时候有活动。|。问会员日是几号，已告知。|。建议下次推荐小包装。|。已加企业微信，方便后续联系。"
               "|。愿意给五星好评。|。下个月搬家，可能需要收纳用品。|。孩子快上小学了。|。近期不需要，节前再联系。|。没有其他需求。"
               "|。提到朋友也想买，已发小程序码。"),
    ),
)  # fmt: skip
MISSED = Talk(
    _split("购后回访（未接通）|回访未接"),
    (_split("第一次拨打无人接听，明天上午再试。|响铃后挂断，改发短信。|提示正在通话中，稍后再拨。|关机，改用企业微信联系。"
            "|{call}在开会，请半小时后再打。|接通后信号不好断了，未说上话。"),),
)  # fmt: skip
LATER = Talk(
    _split(
        "购后回访（改期）",
    ),
    (
        _split(
            "{call}正在开车，约周末再聊。|{call}说晚上八点后方便。|在外地出差，下周三再联系。|带孩子不方便接听，约明天下午。"
        ),
    ),
)
REFUSED = Talk(
    _split(
        "购后回访（拒访）",
    ),
    (
        _split(
            "{call}表示不需要回访，请以后少打电话。|听到是商家来电即挂断。|{call}说有需要会自己联系，已备注。"
        ),
    ),
)
ASK = Talk(
    _split("咨询：{product}|在线咨询|订单 {order} 咨询|客服会话"),
    (
        _split("{call}询问 {product} |客户在线咨询 {product} |{call}发来消息，问 {product} "),
        _split("什么时候发货|能不能开专票|保质期到哪天|有没有现货|可不可以换成 {second}|送到{city}要几天|是否参加满减|能不能改收货地址"
               "|怎么清洗保养|送长辈合不合适|两件能不能分开寄"),
        _split("。已查询并答复。|，客服当场处理完毕。|，答复后客户满意。|，已转仓库跟进，当日回电。|，已发操作视频。|，答复后客户下单。"
               "|，客户说再看看。|，已改地址并短信通知。"),
    ),
)  # fmt: skip
COMPLAINT = Talk(
    _split("投诉：{product}|客户投诉|投诉登记|投诉：订单 {order}"),
    (
        _split("{call}投诉|客户情绪激动，反映|{call}来电，不满"),
        _split(" {product} 到货破损，要求赔付| {product} 与描述不符| 订单 {order} 少发一件| 配送拖了一周，催了三次没有回音"
               "| 刚买完就降价，要求退差价| {product} 用了两次就坏了| 茶叶有潮味，怀疑是陈货| 店员说法前后不一"
               "| {product} 有线头和异味，担心不安全"),
        _split("。已登记，承诺 24 小时内回复。|。先行致歉，转主管处理。|。要求今天给说法。|。表示以后不会再来买。|。已请客户发照片取证。"
               "|。称会到平台评价。"),
    ),
)  # fmt: skip
RESOLVED = Talk(
    _split("投诉处理：{product}|投诉回复|投诉结案"),
    (
        _split("致电{call}说明处理结果，"),
        _split("同意补发一件并赠 20 元券|全额退款，已到账|退差价 {amount} 元|换新并承担来回运费|门店经理当面致歉，客户接受"
               "|检测结果正常，提供同款更换"),
        _split("。客户表示满意，结案。|。客户基本认可。|。客户仍有不满，记录改进建议。|。客户说再观望。|。请质检跟进该批次。"),
    ),
)  # fmt: skip
BIRTHDAY = Talk(
    _split("生日祝福",),
    (_split("{call}，云栖良品祝您生日快乐！30 元生日券已放入您的账户，30 天内有效。回复 TD 退订"
            "|亲爱的{call}，今天是您的生日，愿您岁岁安康。凭本短信到店可领生日茶点一份。回复 TD 退订"
            "|{call}，生日快乐！会员生日月双倍积分已为您开启。回复 TD 退订"),),
)  # fmt: skip
SPRING = Talk(
    _split("春节问候",),
    (_split("{call}过年好！{staff}给您拜年了，|{call}，新春将至，|{call}，小年快乐，"),
     _split("祝您和家人平安喜乐、万事顺意。|愿新的一年事事如意。|感谢一年来的支持。"),
     _split("初七起正常发货。|年货节最后三天，需要留货请告诉我。|您常喝的茶给您留了一份。||门店初三开门，欢迎来坐坐。")),
)  # fmt: skip
AUTUMN = Talk(
    _split("中秋问候",),
    (_split("{call}，中秋快乐，|月圆人团圆，{call}，|{call}，{staff}祝您阖家团圆，"),
     _split("今年的月饼礼盒可以提前订。|企业客户满 50 盒可烫金定制。|门店备了新茶和桂花糕，欢迎来尝。|祝身体健康。|愿您事事圆满。")),
)  # fmt: skip
DRAGON = Talk(
    _split(
        "端午问候",
    ),
    (
        _split(
            "{call}，端午安康！粽子礼盒已上架，需要请告诉我。|{call}，端午将至，{staff}祝您安康顺遂。|{call}，端午节三天门店正常营业。"
        ),
    ),
)
MIDYEAR = Talk(
    _split("{year} 年中大促邀请",),
    (_split("【云栖良品】{call}，618 全场 84 折起，您关注的 {product} 已备货，6 月 16 日 0 点开抢。回复 TD 退订"
            "|【云栖良品】年中大促，会员再享满 299 减 40。6.16–6.18。回复 TD 退订"
            "|【云栖良品】{call}，您有一张 30 元 618 券将于 18 日到期。回复 TD 退订"),),
)  # fmt: skip
SINGLES = Talk(
    _split("{year} 双十一预告",),
    (_split("【云栖良品】双十一全店 8 折，{call}，前 1 小时付款送茶点。回复 TD 退订"
            "|【云栖良品】{call}，您收藏的 {product} 双十一降价，10 日晚 8 点起。回复 TD 退订"
            "|【云栖良品】双十一预售开启，定金 20 抵 50。回复 TD 退订"),),
)  # fmt: skip
NEWSLETTER = Talk(
    _split("本月新品与会员活动|云栖月刊：{product} 的日常|会员日预告|换季家居指南"),
    (_split("{call}，您好：本月上新 12 款，其中 {product} 最受欢迎。|{call}，您好：会员日定在本月 18 日，全场双倍积分。"
            "|{call}，您好：为您挑选了与 {product} 相配的 {second}。"),
     _split("点此查看全部活动。|如不想再收到此类邮件，可点击底部退订。|到店出示会员码可领小样一份。")),
)  # fmt: skip
WINBACK = Talk(
    _split("{year} 唤醒活动",),
    (_split("【云栖良品】{call}，好久不见！50 元回归券已到账，满 199 可用，15 天有效。回复 TD 退订"
            "|【云栖良品】{call}，您上次买的 {product} 有新一季了，老朋友专享 8 折。回复 TD 退订"),),
)  # fmt: skip
B2B_CALL = Talk(
    _split("例行沟通|月度沟通|电话跟进|电话沟通：{product}"),
    (
        _split("与{call}通话，|和{call}电话沟通，|{call}说，|跟进{call}，"),
        _split("本月按惯例补 {product}|确认下月用量，{product} 增加两成|{product} 库存还够，两周后再订|预算收紧，{product} 改小规格"
               "|新开一处网点，需要一批 {product} 和 {second}|在比价，竞品报价低 5%|财务要求先开票后付款|中秋礼盒意向 120 盒，待领导批"
               "|员工福利想换成 {second}|反馈 {product} 的包装需要加 LOGO|账期想从 30 天改 45 天|领导换人，需要重新介绍方案"),
        _split("。约下周二给报价。|。已发样品。|。三天后再跟进。|。客户倾向继续合作。|。已更新用量表。|。需要主管支持折扣。|。等对方邮件确认。"
               "|。约了下周拜访。|。暂无进展。"),
    ),
)  # fmt: skip
B2B_VISIT = Talk(
    _split("上门拜访|拜访{call}|客户拜访|季度拜访"),
    (
        _split("到{city}客户处拜访{call}，|在客户会议室与{call}及同事会面，|陪同主管拜访{call}，"),
        _split("演示 {product}，反馈良好|盘点了上季用量，{product} 占四成|看了茶水间和前台的陈列，建议增加 {second}|谈妥年度框架，量增价降 3%"
               "|了解到对方另有供应商，价格更低但交期不稳|试喝三款茶，选定 {product}|讨论节日礼盒方案，倾向 {second}"),
        _split("。对方承诺本周内下单。|。待出正式合同。|。约月底再访。|。决策人未出席，下次请总监同行。|。客户关系稳固。|。需要法务看条款。"),
    ),
)  # fmt: skip
B2B_MAIL = Talk(
    _split("报价单：{product}|{year} 年对账单|样品寄送通知|关于 {product} 的数量与交期|发票已寄出"),
    (
        _split("{call}，您好：附上 {product} 的报价，含税含运，有效期 15 天。|{call}，您好：本期对账单见附件，请核对后盖章回传。"
               "|{call}，您好：样品今日寄出，预计后天到。|{call}，您好：按电话所谈更新了数量与交期。|{call}，您好：发票已寄，请查收。"),
        _split("如有疑问请随时联系。{staff}|盼复。{staff}|谢谢支持。{staff}"),
    ),
    paired=True,
)  # fmt: skip
B2B_NOTE = Talk(
    _split("内部跟进|客户动态|跟进记录"),
    (_split("听前台说{call}下月轮岗，需尽快认识接任者。|该客户淡季在 7–8 月，安排旺季前备货。|回款准时，可考虑提高信用额度。"
            "|对方正在装修二店，预计两个月后有增量。|竞争对手上周来过，注意价格保护。|{product} 用量连续三个月上升。|近两月下单间隔变长，需要关注。"
            "|老板喜欢喝 {product}，拜访时带样。"),),
)  # fmt: skip
VIP = Talk(
    _split("一对一服务|新品推荐|预约到店|专属优惠|日常问候"),
    (_split("{call}问 {product} 到货没有，已留两件。|给{call}发了 {product} 的实拍图。|{call}预约周六下午到{shop}品茶。"
            "|提醒{call}有 300 积分月底过期。|{call}说上次的 {second} 送人反响很好，还想再要两份。|为{call}做了搭配建议：{product} 配 {second}。"
            "|{call}想给父母选过节礼，推荐礼盒两款。|和{call}聊到近期装修，记下需要床品和灯。|{call}发来使用照片，征得同意用于门店展示。"),),
)  # fmt: skip
FORM = Talk(
    _split("官网留言|预约到店|问卷提交|企业采购咨询|定制咨询|公众号留资"),
    (_split("留言：想了解 {product} 的团购价格。|提交到店预约，希望周末参加茶会。|问卷：通过朋友知道我们，最关注 {product}。"
            "|留言：公司年会需要礼品 80 份，预算每份 150 元。|想咨询 {second} 是否支持定制。|领取新人券，留下手机号。"),),
    paired=True,
)  # fmt: skip
FIRST = Talk(
    _split("首次联系|线索回访|初步了解需求"),
    (_split("致电{call}，|联系{call}，"),
     _split("确认是本人留言|对方说随便看看|了解到主要送礼用|需要比较几家|目前没有预算|对 {product} 有兴趣"),
     _split("，已发资料。|，约下周再联系。|，邀请到店体验。|，暂无意向，三个月后再看。|，已加企业微信。")),
)  # fmt: skip
IMPORTED = Talk(
    _split(
        "客户资料由旧会员系统导入",
    ),
    (_split("来自旧会员系统，卡号已并入标识。|随老系统数据一并迁入，资料待核对。"),),
)
FESTIVAL = {"spring": SPRING, "autumn": AUTUMN, "dragon": DRAGON}
TASKS = {
    "call": _split(
        "回电 {name}|确认 {name} 的补货数量|联系 {name} 谈续约|向 {name} 说明价格调整|询问 {name} 新店进度"
    ),
    "visit": _split("拜访 {name}|陪同总监拜访 {name}|给 {name} 送样品并演示"),
    "message": _split("给 {name} 发新品资料|提醒 {name} 积分到期|发送报价给 {name}"),
    "callback": _split("购后回访 {name}|投诉处理后回访 {name}|回访 {name}：使用是否满意"),
    "care": _split("{name} 生日关怀|节前问候 {name}|给 {name} 准备新年礼"),
    "todo": _split(
        "整理 {name} 的对账单|更新 {name} 的联系人|准备 {name} 的年度方案|核对 {name} 的收货地址|补全 {name} 的资料"
    ),
}
TASK_NOTES = (
    "",
    "",
    "",
    "客户要求本周内答复",
    "先看上次沟通记录",
    "请带新版价目表",
    "主管交办",
    "注意对方午休到两点",
)
