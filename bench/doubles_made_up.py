"""Made-up customers with doubles of known truth: companies and persons as they stand in Chinese customer lists.

Seeded. It knows nothing of the engine, and the engine nothing of it: what is wrong with a row is drawn from what people
get wrong (left out, misheard, mistyped, 繁體, moved, another number), and sisters, branches, families and switchboards
that are not doubles stand among them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kemai.kit import credit_code

CITIES = (
    ("330100", "杭州", "西湖 上城 滨江 余杭 萧山", 8), ("310000", "上海", "浦东新 静安 徐汇 闵行 嘉定", 14),
    ("110000", "北京", "朝阳 海淀 丰台 通州 昌平", 13), ("440300", "深圳", "南山 福田 宝安 龙岗 罗湖", 12),
    ("440100", "广州", "天河 番禺 白云 越秀 黄埔", 11), ("320500", "苏州", "虎丘 吴中 相城 姑苏 吴江", 8),
    ("320100", "南京", "鼓楼 江宁 玄武 秦淮 栖霞", 6), ("510100", "成都", "武侯 锦江 青羊 双流 郫都", 7),
    ("420100", "武汉", "武昌 洪山 江汉 汉阳 江夏", 6), ("330200", "宁波", "鄞州 海曙 江北 北仑 慈溪", 5),
    ("370200", "青岛", "市南 市北 崂山 黄岛 城阳", 4), ("430100", "长沙", "岳麓 芙蓉 雨花 天心 开福", 4),
    ("610100", "西安", "雁塔 碑林 未央 长安 莲湖", 4), ("350200", "厦门", "思明 湖里 集美 海沧 同安", 3),
    ("340100", "合肥", "蜀山 庐阳 包河 瑶海 肥西", 3), ("410100", "郑州", "金水 二七 中原 管城 惠济", 3),
    ("441900", "东莞", "南城 东城 长安 虎门 松山湖", 5), ("320200", "无锡", "梁溪 滨湖 新吴 惠山 锡山", 3),
)  # fmt: skip
BRAND = (
    "华兴中天瑞恒鑫达利丰盛泰安康宏伟博创新联合众远东方正通信诚德润泽源海洋大江山川龙凤金银宝贝佳美乐福星辰光明朗"
    "云帆启航腾飞翔宇宙科智慧汇聚合力拓展锐捷迅雷思维维纳凯旋嘉禾绿城春秋万科百顺永昌隆裕茂林森木水清泉晶莹玉石磊"
)
TRADES = (
    "科技 贸易 网络科技 信息技术 电子 机械 建材 食品 医疗器械 服饰 化工 物流 广告传媒 文化传播 商贸 电子商务 环保科技 "
    "新能源 装饰工程 餐饮管理 软件 电气 五金制品 包装材料 塑料制品 生物科技 自动化设备 咨询 教育 进出口"
).split()
ROADS = (
    "人民 中山 解放 建设 文三 天目山 延安 长江 黄河 和平 新华 科技 创业 学院 世纪 滨江 迎宾 振兴 工业 兴业 东风 南京 北京 淮海 "
    "四川 湖滨 体育场 凤起 庆春 莫干山 金鸡湖 星湖 园区 软件 软件园 高新 深南 宝安 福中 香蜜湖 竹子林 翠竹"
).split()
ROAD_ENDS = ("路", "路", "路", "大道", "街", "北路", "南路", "东路", "西路", "巷")
BUILDINGS = ("", "", "创新大厦", "国际中心", "科技园", "商务楼", "产业园", "广场", "世纪大厦")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰飞红鑫波斌宇浩凯健俊帆雪婷慧佳琪欣怡子涵梓轩一诺雨泽晨曦志建国文博海林春梅"
SOUNDS = (
    "华花化 兴星新欣 天田 瑞锐睿 恒衡 鑫信欣芯 达大 利力立丽 丰风峰锋 盛胜晟圣 泰太 安铵 康抗 宏鸿弘洪红 伟维玮炜 博搏 创窗 联莲 "
    "众中 远源园 诚成城承 德得 润闰 泽则 海 江姜疆 龙隆 金今锦 宝保 佳嘉加家 美镁 乐勒 福富 辰晨晨 明鸣名 智志治致 慧惠汇 合和禾 "
    "凯楷 万 永勇咏 茂贸 清青 玉宇裕 张章 李黎 王汪 陈程 徐许 静晶敬 芳方 敏闽 强墙 磊雷 军君钧 洋阳扬 艳燕 杰洁捷 娟涓 涛滔"
).split()
SOUND = {char: [one for one in group if one != char] for group in SOUNDS for char in group if len(group) > 1}
TRADITIONAL = str.maketrans(
    "华兴东达丰伟创联众远诚润泽龙凤宝贝乐辰启飞宙汇拓锐维凯万顺昌茂云电贸机医广网络软装饰饮术传动环业国张刘陈杨黄赵吴孙马郑谢许邓萧叶苏卢钟谭陆伟静丽强军杰",
    "華興東達豐偉創聯眾遠誠潤澤龍鳳寶貝樂辰啟飛宙匯拓銳維凱萬順昌茂雲電貿機醫廣網絡軟裝飾飲術傳動環業國張劉陳楊黃趙吳孫馬鄭謝許鄧蕭葉蘇盧鐘譚陸偉靜麗強軍傑",
)
MAILS = ("qq.com", "163.com", "126.com", "sina.com", "139.com", "foxmail.com")
DIGITS = "零一二三四五六七八九"


@dataclass
class Row:
    """A customer as the list has it. `truth` is the same for doubles."""

    truth: int
    person: bool
    name: str
    phones: list[str] = field(default_factory=list)
    email: str = ""
    code: str = ""
    wecom: str = ""
    region: str = ""
    address: str = ""
    contact: str = ""
    birthday: str = ""


@dataclass
class Company:
    city: tuple[str, str, str, int]
    brand: str
    trade: str
    branch: str
    district: str
    road: str
    number: int
    building: str
    phone: str
    mobile: str
    email: str
    code: str
    contact: str


class Maker:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.truth = 0
        self.weights = [city[3] for city in CITIES]
        self.switchboards = [self.landline() for _ in range(400)]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def rows(self, count: int) -> Iterator[Row]:
        made = 0
        while made < count:
            for row in self.group():
                yield row
                made += 1
                if made == count:
                    return

    def group(self) -> Iterator[Row]:
        if self.chance(0.35):
            yield from self.family()
        else:
            yield from self.companies()

    # companies

    def companies(self) -> Iterator[Row]:
        first = self.company()
        yield from self.written(first)
        if self.chance(0.10):
            for _sister in range(self.rng.choice((1, 1, 2, 2, 3, 5))):
                yield from self.written(self.sister(first))

    def company(self) -> Company:
        rng = self.rng
        city = rng.choices(CITIES, self.weights)[0]
        brand = "".join(rng.choice(BRAND) for _ in range(rng.choice((2, 2, 2, 3))))
        phone = rng.choice(self.switchboards) if self.chance(0.02) else self.landline()
        return Company(
            city, brand, rng.choice(TRADES), "", rng.choice(city[2].split()),
            rng.choice(ROADS) + rng.choice(ROAD_ENDS), rng.randint(1, 899), rng.choice(BUILDINGS),
            phone, self.mobile(), self.mail(), credit_code.make_valid(rng, city[0]), self.person_name(),
        )  # fmt: skip

    def sister(self, of: Company) -> Company:
        """Of the same house, yet another customer: another city, trade or branch."""
        rng, new = self.rng, self.company()
        kept = replace(new, brand=of.brand, city=of.city, trade=of.trade)
        kind = rng.random()
        if kind < 0.35:
            kept = replace(kept, city=new.city, district=new.district)
        elif kind < 0.7:
            kept = replace(kept, trade=new.trade, district=of.district)
        else:
            kept = replace(kept, branch=new.city[1] + rng.choice(("分公司", "办事处")), district=of.district)
        if kind >= 0.35 and self.chance(0.4):
            kept = replace(kept, road=of.road, number=of.number, district=of.district, building=of.building)
        if self.chance(0.4):
            kept = replace(kept, phone=of.phone)
        if self.chance(0.4):
            kept = replace(kept, contact=of.contact, mobile=of.mobile if self.chance(0.5) else kept.mobile)
        if self.chance(0.15):
            kept = replace(kept, email=of.email)
        return kept

    def written(self, company: Company) -> Iterator[Row]:
        self.truth += 1
        truth = self.truth
        for index in range(self.copies()):
            yield self.company_row(truth, company, careless=0.5 if index == 0 else 1.0)

    def copies(self) -> int:
        return self.rng.choices((1, 2, 3, 4), (0.80, 0.14, 0.045, 0.015))[0]

    def company_row(self, truth: int, one: Company, careless: float) -> Row:
        def bad(share: float) -> bool:
            return self.chance(share * careless)

        rng = self.rng
        phones = [] if bad(0.15) else [one.phone if self.chance(0.7) else one.mobile]
        if bad(0.15):
            phones = [self.mobile()]
        if self.chance(0.15):
            phones.append(one.mobile)
        contact = "" if bad(0.30) else one.contact
        if bad(0.15):
            contact = self.person_name()
        code = "" if bad(0.65) else one.code
        if code and bad(0.03):
            code = self.mistyped(code)
        email = "" if bad(0.45) else one.email
        if bad(0.12):
            email = self.mail()
        return Row(
            truth, False, self.company_name(one, bad), phones, email, code, "",
            "" if bad(0.25) else one.city[0], self.address(one, bad), self.heard(contact) if contact and bad(0.06) else contact,
        ) if rng else Row(truth, False, "")  # fmt: skip

    def company_name(self, one: Company, bad: object) -> str:
        rng = self.rng
        brand = one.brand
        if self.ask(bad, 0.08):
            brand = self.heard(brand)
        elif self.ask(bad, 0.04):
            brand = self.misread(brand)
        region = one.city[1] + ("市" if self.ask(bad, 0.25) else "")
        trade = "" if self.ask(bad, 0.12) else one.trade
        legal = "有限责任公司" if self.ask(bad, 0.12) else "有限公司"
        legal = "" if self.ask(bad, 0.12) else legal
        if self.ask(bad, 0.15):
            region = ""
        middle = self.ask(bad, 0.10) and region
        name = f"{brand}({region}){trade}{legal}" if middle else f"{region}{brand}{trade}{legal}"
        if one.branch:
            name += one.branch if legal else ""
            name = name if legal else f"{name}有限公司{one.branch}"
        if self.ask(bad, 0.05):
            name = name.translate(TRADITIONAL)
        if self.ask(bad, 0.06):
            name = name.replace("(", "（").replace(")", "）")
        if self.ask(bad, 0.03):
            place = rng.randrange(1, len(name))
            name = f"{name[:place]} {name[place:]}"
        return name

    def ask(self, bad: object, share: float) -> bool:
        assert callable(bad)
        return bool(bad(share))

    def address(self, one: Company, bad: object) -> str:
        if self.ask(bad, 0.30):
            return ""
        rng = self.rng
        road, number, district = one.road, one.number, one.district
        if self.ask(bad, 0.10):  # moved
            road, number = rng.choice(ROADS) + rng.choice(ROAD_ENDS), rng.randint(1, 899)
        said = "".join(DIGITS[int(d)] for d in str(number)) if self.ask(bad, 0.04) else str(number)
        text = "" if self.ask(bad, 0.30) else f"{district}区"
        if not self.ask(bad, 0.40):
            text = f"{one.city[1]}市{text}"
        text += f"{road}{said}号"
        if one.building and not self.ask(bad, 0.4):
            text += f"{one.building}{rng.randint(1, 30)}楼" if self.ask(bad, 0.5) else one.building
        return text

    # persons

    def family(self) -> Iterator[Row]:
        rng = self.rng
        city = rng.choices(CITIES, self.weights)[0]
        home = f"{rng.choice(city[2].split())}区{rng.choice(ROADS)}{rng.choice(ROAD_ENDS)}{rng.randint(1, 899)}号"
        phone, surname = self.mobile(), rng.choice(SURNAMES)
        for member in range(rng.choice((2, 2, 3)) if self.chance(0.08) else 1):
            self.truth += 1
            truth = self.truth
            name = surname + self.given() if member == 0 or self.chance(0.5) else self.person_name()
            mobile = phone if member and self.chance(0.4) else (self.mobile() if member else phone)
            born = f"{rng.randint(1955, 2008)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
            mail, wecom = self.mail(), f"wm{rng.getrandbits(48):012x}"
            for index in range(self.copies()):
                yield self.person_row(
                    truth, name, mobile, mail, wecom, city, home, born, 0.5 if index == 0 else 1.0
                )

    def person_row(
        self, truth: int, name: str, mobile: str, mail: str, wecom: str, city: tuple[str, str, str, int], home: str, born: str,
        careless: float,
    ) -> Row:  # fmt: skip
        def bad(share: float) -> bool:
            return self.chance(share * careless)

        if bad(0.08):
            name = self.heard(name)
        elif bad(0.03):
            name = self.misread(name)
        elif bad(0.05):
            name = name[0] + self.rng.choice(("先生", "女士"))
        if bad(0.05):
            name = name.translate(TRADITIONAL)
        phones = [] if bad(0.12) else [mobile]
        if bad(0.18):
            phones = [self.mobile()]
        elif phones and bad(0.03):
            phones = [self.mistyped(phones[0])]
        return Row(
            truth, True, name, phones, "" if bad(0.55) else mail, "", "" if bad(0.75) else wecom,
            "" if bad(0.25) else city[0], "" if bad(0.5) else (f"{city[1]}市{home}" if self.chance(0.6) else home),
            "", "" if bad(0.55) else born,
        )  # fmt: skip

    # pieces

    def person_name(self) -> str:
        return self.rng.choice(SURNAMES) + self.given()

    def given(self) -> str:
        return "".join(self.rng.choice(GIVEN) for _ in range(self.rng.choice((1, 2, 2, 2))))

    def mobile(self) -> str:
        return f"+861{self.rng.choice('35789')}{self.rng.randrange(10**9):09}"

    def landline(self) -> str:
        return f"+86{self.rng.choice(('571', '21', '10', '755', '20', '512', '25', '28', '27', '574'))}8{self.rng.randrange(10**7):07}"

    def mail(self) -> str:
        return f"{self.rng.choice('abcdefghijklmnopqrstuvwxyz')}{self.rng.randrange(10**8)}@{self.rng.choice(MAILS)}"

    def heard(self, text: str) -> str:
        """Written by the sound: one character as another that sounds the same."""
        places = [place for place, char in enumerate(text) if char in SOUND]
        if not places:
            return text
        place = self.rng.choice(places)
        return text[:place] + self.rng.choice(SOUND[text[place]]) + text[place + 1 :]

    def misread(self, text: str) -> str:
        place = self.rng.randrange(len(text))
        kind = self.rng.random()
        if kind < 0.4 and len(text) > 2:
            return text[:place] + text[place + 1 :]
        if kind < 0.7 and place:
            return text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]
        return text[:place] + self.rng.choice(BRAND) + text[place + 1 :]

    def mistyped(self, digits: str) -> str:
        place = self.rng.randrange(max(len(digits) - 8, 0), len(digits))
        return digits[:place] + self.rng.choice("0123456789") + digits[place + 1 :]
