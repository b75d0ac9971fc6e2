"""Chinese surnames: which ones exist, and how those are read whose reading differs from the common one."""

from __future__ import annotations

SINGLE = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭"
    "陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫阎段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文庞樊殷施"
    "洪颜牛兰翟安倪温季岳章鲁葛伍申尤毕聂焦柳邢裴路齐梅庄辛管祝左涂谷时舒耿卜蓝詹关苗凌费纪靳盛童欧项曲成游阳裘席"
    "卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄"
    "盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蒲扈宿楚巩冼植封官衡步鞠桑宗仲仝佟佘佴侍储"
    "充况凤利劳匡区卞厉双台史叩后名和咸哈唐商善喜阚嘉国图圣坚墨夔夕多天太奥如妙娜孝宓宛容寇寿尉尚居展山岑巢巫巴师席帅"
    "平应庆庚庹开弓归当彦律徒恽悦惠慕战所才扶承折招拉敬敏斐於旷昌明星晁普智曙暴更朴权杭杰松析林果枚柔栗桓梁楼槐樊次欧"
    "步毋毓水求沃沐沙沃泉法泰洛浦海涂淡清渠渠温湛满溥滑漆濮火炎烟焉牟牧独玉琚琴生用由甄留疏皇皮益盘相真眭矫禄禹秋种税"
    "竺竹端符笪第筱籍粟素红终经绳续缪缑罕羊羿翦聊肇胥能腾臧良艳芦芮苍苏英茅茹荀荆荣莘菅萨葉蒯蓟蔚蔺蔻蕲薜虎虞蛮衣袭西"
    "言訾谌谯豆贝贡贲赏赛越路踪车辉达运连逄逢遇那邝邰邴郄郅郇郏郐郗郸鄂鄞酆释里野钟钭铁银锁锺门闻闾阙降陀隆隗雍雪青靖"
    "鞏韶项须顿频风飞首香骆骞高鬱魁鱼鲜鹿麦麻黄黑黨齐龙"
)

_COMPOUND_TEXT = (
    "欧阳 上官 司马 司徒 司空 诸葛 东方 东郭 南宫 西门 皇甫 尉迟 公孙 长孙 慕容 宇文 令狐 端木 "
    "百里 呼延 钟离 独孤 轩辕 夏侯 澹台 濮阳 淳于 单于 太史 申屠 仲孙 闻人 赫连 万俟 公冶 宗政 "
    "太叔 鲜于 闾丘 亓官 司寇 公羊 拓跋 夹谷 宰父 谷梁 段干 第五 梁丘 左丘 东门 微生 羊舌 南门 "
    "公西 漆雕 乐正 壤驷 公良 巫马 颛孙 子车 归海 欧陽 司馬 諸葛 爱新觉罗 叶赫那拉 完颜 纳兰 哥舒 贺兰 "
    "耶律 尔朱 "
)
COMPOUND = frozenset(_COMPOUND_TEXT.split())

READINGS = {
    "单": "shan", "單": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "查": "zha", "区": "ou", "區": "ou",
    "朴": "piao", "盖": "ge", "蓋": "ge", "翟": "zhai", "尉": "wei", "乐": "yue", "樂": "yue", "任": "ren",
    "华": "hua", "纪": "ji", "宁": "ning", "召": "shao", "员": "yun", "缪": "miao", "繁": "po", "秘": "bi",
    "折": "she", "冼": "xian", "洗": "xian", "覃": "qin", "谌": "chen", "谭": "tan", "隗": "wei", "种": "chong",
    "燕": "yan", "应": "ying", "车": "che", "黑": "he", "晟": "cheng", "那": "na", "褚": "chu", "祭": "zhai",
    "薄": "bo", "柏": "bai", "卜": "bu", "都": "du", "费": "fei", "葛": "ge", "句": "gou", "观": "guan",
    "哈": "ha", "和": "he", "卡": "qia", "能": "nai", "佴": "nai", "乜": "nie", "逄": "pang", "瞿": "qu",
    "阙": "que", "莘": "shen", "石": "shi", "沈": "shen", "眭": "sui", "洼": "gui", "郗": "xi", "相": "xiang",
    "冯": "feng", "幺": "yao", "於": "yu", "郁": "yu", "俞": "yu", "臧": "zang", "占": "zhan", "长": "chang",
    "重": "chong", "訾": "zi", "余": "yu", "贾": "jia", "强": "qiang", "角": "jue", "钭": "tou", "宓": "mi",
    "邰": "tai", "佘": "she", "盛": "sheng", "宿": "su",
}  # fmt: skip

COMPOUND_READINGS = {
    "尉迟": ("yu", "chi"),
    "万俟": ("mo", "qi"),
    "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"),
    "单于": ("chan", "yu"),
    "乐正": ("yue", "zheng"),
    "子车": ("zi", "ju"),
    "拓跋": ("tuo", "ba"),
    "宰父": ("zai", "fu"),
    "夹谷": ("jia", "gu"),
}


def split_surname(name: str) -> tuple[str, str] | None:
    """Return (surname, given name) of a Chinese name without spaces, or None when no known surname begins it."""
    for size in (4, 2):
        if len(name) > size and name[:size] in COMPOUND:
            return name[:size], name[size:]
    if len(name) > 1 and (name[0] in SINGLE or name[0] in READINGS):
        return name[0], name[1:]
    return None
