"""For each check what it must catch, and what it must leave alone."""

from collections.abc import Mapping

from mailer.compose.check import Fault
from mailer.i18n import AUTOMATIC, EN, ZH
from mailer.model import Fallback, Term
from mailer.model.edition import TextStatus
from tests.compose.check.parts import (
    KITES,
    TIDE_EN,
    TIDE_ZH,
    Found,
    alt,
    blocks,
    en,
    event,
    figure,
    hans,
    lacking,
    page,
    reached,
    status,
    subject,
    weighs,
    zh,
)
from tests.compose.conftest import block

CASES: Mapping[Fault, tuple[tuple[Found, ...], tuple[Found, ...]]] = {
    Fault.UNWRITTEN: (
        (blocks(block("letter", "letter", {ZH: {"body": TIDE_ZH}})), lacking()),
        (zh(TIDE_ZH), blocks(block("letter", "letter", {ZH: {"body": TIDE_ZH}}, languages=[ZH]))),
    ),
    Fault.MISSING: (
        (blocks(block("s", "section", {ZH: {"title": "潮", "body": TIDE_ZH}, EN: {"body": TIDE_EN}})),),
        (blocks(block("s", "section", {tag: {"title": "Tide", "body": TIDE_EN} for tag in (ZH, EN)})),),
    ),
    Fault.OUTDATED: (
        (status(TextStatus.REVIEWED, source_hash="0" * 64),),
        (status(TextStatus.REVIEWED),),
    ),
    Fault.DRAFT: ((status(TextStatus.DRAFT),), (status(TextStatus.APPROVED),)),
    Fault.MACHINE: ((status(TextStatus.MACHINE),), (status(TextStatus.TRANSLATED),)),
    Fault.UNREVIEWED: ((status(TextStatus.TRANSLATED),), (status(TextStatus.REVIEWED), status(TextStatus.APPROVED))),
    Fault.ALONE: ((figure({}),), (figure({"trees.unit": "噸"}),)),
    Fault.BORROWED: ((lacking(fallback=Fallback.NOTICE),), (lacking(),)),
    Fault.OMITTED: ((lacking(fallback=Fallback.OMIT, required=False),), (lacking(),)),
    Fault.FORBIDDEN: ((zh("紙鷂洲見。", terms=[KITES]),), (zh("紙鳶洲見。", "Kite Island!", terms=[KITES]),)),
    Fault.LOST: ((zh("紙鳶洲見。", terms=[KITES]),), (zh("紙鳶洲見。", "See Kite Island.", terms=[KITES]),)),
    Fault.UNCONVERTED: ((zh("鰽魚。", derived=[AUTOMATIC]),), (zh("鰂魚。", derived=[AUTOMATIC]), zh("鰽魚。"))),
    Fault.NUMBERS: (
        (
            zh("共1,280本。", "There were 1,208."),
            zh("共1,280本。", "There were many."),
            zh("籌得港幣250萬元。", "We raised HK$25 million."),
            zh("籌得港幣250萬元。", "We raised £2.5 million."),
            zh("約有6.5%。", "About 65 per cent."),
            zh("第3頁。", "Page 4."),
        ),
        (
            zh("共1,280本，一千二百八十本。", "There were 1280."),
            zh("籌得港幣250萬元，即3億。", "We raised HK$2.5 million, or 300 million."),
            zh("六成半，又三成。", "65 per cent, and 30%."),
            zh("二十七級，遲了39年，逾期三十年。", "27 steps, thirty-nine years late, 30 years overdue."),
            zh("第一條，兩隻。", "Question 1, twice."),
            zh("1920年代，九歲。", "The 1920s, aged 9."),
            zh("第37頁，#2027回顧。", "On p.37. #ReviewOf2028"),
            zh("共２７本。", "There were 27."),
            zh("3次。", "Often."),
        ),
    ),
    Fault.DATES: (
        (
            zh("11月5日見。", "See you on 6 November."),
            zh("2026年11月5日見。", "See you on 5 November 2027."),
            zh("2026年11月5日見。", "See you soon."),
        ),
        (
            zh("2026年11月5日見，11月5日。", "See you on 5 November 2026, or Nov 5."),
            zh("十一月五日見。", "See you on the 5th of November."),
            zh("11月5日至7日及9日見。", "See you on 5–7 and 9 November."),
            zh("11月號。", "The November issue. You may march."),
        ),
    ),
    Fault.TIMES: (
        (
            event("下午6:05開始。", "From 6:15 pm."),
            event("上午6時開始。", "From 6 pm."),
            event("晚上7時半開始。", "Come early."),
        ),
        (
            event("下午6:05開始。", "From 6.05pm."),
            event("18:05開始，晚上七時半結束。", "From 6:05 p.m. to 7.30 pm."),
            event("下午2時半至5時。", "2.30–5 pm."),
            event("中午12時見，24小時開放。", "See you at noon, open 24 hours."),
        ),
    ),
    Fault.NAMES: (
        (zh("Owen Pritchard說英語。", "Owen Prichard speaks English."),),
        (
            zh("Owen Pritchard說英語，用Zoom。", "OWEN\nPRITCHARD speaks English."),
            zh("霍婆婆。", "Granny Fok told it."),
        ),
    ),
    Fault.HASHTAGS: (
        (zh("加上#潮信。"), zh(TIDE_ZH, "Add #Tideline.")),
        (zh("加上#潮信。", "Add #Tideline."), zh(TIDE_ZH, "We are #1.")),
    ),
    Fault.LACKING_LINK: (
        (
            zh("[書](https://a.example/zh)", "Books."),
            zh("[書](https://a.example/)", "[Books](https://a.example/) and [boats](https://b.example/)"),
        ),
        (
            zh("[書](https://zh.a.example/a)", "[Books](https://en.a.example/b)"),
            zh("[寫信](mailto:a@b.example)", "[Write](mailto:a@b.example)"),
        ),
    ),
    Fault.DEAD_LINK: (
        tuple(
            en(f"[Read]({url})")
            for url in (
                "", "#", "#top", "/page", "page.html", "ftp://a.example/", "https://", "https://a", "https://a..example",
                "https://a.example:99999/", "mailto:", "mailto:ada", "https://a_.example-/", "tel:+85223456789",
            )
        ),
        tuple(
            en(f"[Read]({url})")
            for url in (
                "https://a.example", "https://書舍.example/潮", "mailto:ada@a.example?subject=Tide", "http://a.example:8080/",
                "https://a-b.a_b.example/x_(y)?z=1#t", "https://xn--jvr189m.example/",
            )
        ),
    ),
    Fault.TYPED_LINK: (
        (
            en("Read [the book][shelf]."),
            en("Read [the book] (https://a.example/)."),
            en("Read [the book](https://a.example/ now."),
            en("Read [the book](my page)."),
            en("[shelf]: https://a.example/"),
            zh("請看［網頁］（https://a.example/）。"),
            blocks(block("s", "section", {tag: {"title": "[a](https://b.example)", "body": "b"} for tag in (ZH, EN)})),
        ),
        (
            en("Read [the book](https://a.example/), [sic] (page 4), [1]."),
            en("`[a][b]` is how links are typed."),
            zh("［編按］（第4頁）", "[Editor] page 4"),
        ),
    ),
    Fault.INSECURE_LINK: (
        (en("[Read](http://a.example/)"), en("See http://a.example/x.")),
        (en("[Read](https://a.example/?to=http://b.example)"), en("[Read](http://a7b2.onion/)")),
    ),
    Fault.PERSONAL_LINK: (
        (
          en("[Read](https://ada:pw@a.example/)"),
          *(
            en(f"[Read](https://a.example/{rest})")
            for rest in (
                "ada@b.example", "?x=ada%40b.example", "?email=1", "?Token=abc", "?a=b&mc_eid=12ab", "?fbclid=Iw1",
                "?gclid=1", "tel/+85223456789", "?x=%2B852%202345%206789", "?phone=23456789", "?user=ada",
            )
        )),
        tuple(
            en(f"[Read]({url})")
            for url in (
                "mailto:ada@b.example", "https://wa.me/85223456789", "https://api.whatsapp.com/send?phone=85223456789",
                "https://a.example/@tidewater", "https://a.example/2026/11/05/20261105", "https://a.example/?mobile=1",
                "https://a.example/?email=", "https://a.example/tokens?page=user",
            )
        ),
    ),
    Fault.TRACKING_LINK: (
        (en("[Read](https://a.example/?utm_source=mail)"), en("[Read](https://a.example/?x=1&mc_cid=2)")),
        (en("[Read](https://a.example/utm_source?x=utm_source)"),),
    ),
    Fault.SHORTENED_LINK: (
        (en("[Read](https://bit.ly/3abc)"), en("See https://www.tinyurl.com/x")),
        (en("[Read](https://orbit.ly/3abc)"), en("[Read](https://a.example/bit.ly)")),
    ),
    Fault.MISLEADING_LINK: (
        (
            en("[https://bank.example/](https://thief.example/)"),
            en("[www.bank.example](https://bank.example.thief.example/)"),
            en("[bank.com/login](https://thief.example/)"),
        ),
        (
            en("[www.bank.example](https://bank.example/x)"),
            en("[bank.example](https://login.bank.example/)"),
            en("[Node.js](https://a.example/)"),
            en("[Write to us.](https://a.example/)"),
        ),
    ),
    Fault.UNREACHABLE: ((reached(answers=False),), (reached(answers=True),)),
    Fault.ALT_FILE: ((alt("IMG_2034.JPG"), alt("cat.png"), alt("DSC-0042")), (alt("A cat by the name of Img"),)),
    Fault.ALT_PICTURE: (
        (alt("An image of a cat"), alt("Photo of a cat"), alt("渡頭的照片")),
        (alt("A portrait of a cat"), alt("A cat takes a picture of itself")),
    ),
    Fault.ALT_CAPTION: ((alt("A cat ", "**A cat.**"),), (alt("A cat", "A cat on the steps."),)),
    Fault.ALT_WIDTH: ((alt("c" * 126), alt("貓" * 63)), (alt("c" * 125), alt("貓" * 62))),
    Fault.HEADING_TOP: ((en("# Tide\n\nWater."), en("Tide\n====\n\nWater.")), (en("### Tide\n\n\\# Water."),)),
    Fault.HEADING_SKIP: (
        (en("#### Tide\n\nWater."), en("### Tide\n\n##### Water\n\nBooks.")),
        (en("### Tide\n\n#### Water\n\nBooks.\n\n### Boat"), en("## Tide\n\n### Water")),
    ),
    Fault.HEADING_BOLD: (
        (en("Water.\n\n**The tide**\n\nWater."), zh("**潮水**\n\n退了。")),
        (
            en("**The tide is out.**\n\nWater."),
            en("Water.\n\n**The tide**"),
            en("**The tide** is out\n\nWater."),
            en("- **Tide**\n- Water"),
            zh("**潮水退了！**\n\n書還在。"),
        ),
    ),
    Fault.HALF_WIDTH: (
        (*(zh(f"潮水{mark}退了。") for mark in ",:;!?()"), zh("「潮水」,退了。"), zh("**潮水:**退了。")),
        (
            zh("潮水，退了(see page 4)。"),
            zh("下午6:05，1,280本，`潮水,退了`。", "6:05 pm, 1,280."),
            en("Water, water."),
        ),
    ),
    Fault.STRAIGHT_QUOTES: (
        (zh('他說"潮水"。'), zh("他說'潮水'。")),
        (zh("他說「潮水」。"), en('She said "tide".'), zh("Fish's the貓。")),
    ),
    Fault.CURLY_QUOTES: (
        (zh("他說“潮水”。"), zh("他說‘潮水’。")),
        (zh("霍婆婆’s Weather Book和“Soup”"), hans("他说“潮水”。"), en("‘Soup’")),
    ),
    Fault.ROUND_ZERO: ((zh("二○二六年。", "In 2026."), zh("一◯八。", "108.")), (zh("二〇二六年，○記。", "In 2026."),)),
    Fault.DOTS: (
        (zh("潮水退了..."), zh("潮水退了。。。"), zh("潮水…退了"), zh("...潮水")),
        (zh("潮水退了……書還在"), en("Water... and … books")),
    ),
    Fault.DASHES: (
        (zh("潮水--退了"), zh("潮水—退了"), zh("潮水---退了")),
        (zh("潮水——退了"), zh("潮水-退了"), en("Water -- and — books")),
    ),
    Fault.HAN_BLANK: (
        (zh("潮水 退了。"), zh("潮水\u00a0退了。")),
        (
            zh("潮水\n退了Fish and Chips，潮水　退了。\n\n書還在。"),
            subject("五一勞動節 工會集會", ZH),
            zh("**潮水**\n退了。"),
        ),
    ),
    Fault.YOU: ((zh("多謝您。"), zh("多謝妳。")), (zh("多謝你。"),)),
    Fault.WORDING: (
        (zh("請寄電子郵件。"), zh("保障隱私。"), zh("請按鏈接。")),
        (
            zh("請寄電郵，郵件已寄到郵局。"),
            hans("请寄电子邮件。"),
            zh("視頻站。", "Video Stop.", terms=[Term(en="Video Stop", zh="視頻站", forbidden=[], hans=None)]),
        ),
    ),
    Fault.MIXED_SCRIPT: (
        (zh("潮水退了，书還在。"), zh("门口与体育。"), hans("潮水退了，書还在。")),
        (
            zh("皇后里面干台只斗谷云，𨋢、鹿㘭、裏衞説着啓羣爲，咗嘅冇㗎，户口册，凉。"),
            hans("潮水退了，乾坤、著作、瞭望。"),
            zh("《书》。", "‘Book’", terms=[Term(en="", zh="《书》", forbidden=[], hans=None)]),
        ),
    ),
    Fault.SUBJECT_WIDTH: (
        (subject("潮" * 21, ZH), subject("t" * 41)),
        (subject("潮" * 20, ZH), subject("t" * 40)),
    ),
    Fault.PREHEADER_WIDTH: (
        (subject("潮" * 34, ZH, "preheader"), subject("潮" * 51, ZH, "preheader"), subject("t" * 69, EN, "preheader")),
        (subject("潮" * 35, ZH, "preheader"), subject("潮" * 50, ZH, "preheader")),
    ),
    Fault.CAPITALS: (
        (subject("THE TIDE IS OUT"),),
        (subject("The HKSAR and NATO"), subject("TIDE"), subject("RTHK訪問WKCD", ZH)),
    ),
    Fault.EXCLAMATIONS: (
        (subject("Out! Out!"), subject("潮水退了！！", ZH), en("Out!!!")),
        (subject("Out!"), en("Out! Out! Out!")),
    ),
    Fault.PHRASE: (
        (subject("Act now: the tide"), subject("限時優惠", ZH), en("[Click here](https://a.example/)"),
         zh("[請按此](https://a.example/)", "[Books](https://a.example/)")),
        (en("Act now."), subject("Enact nowhere"), en("[How to click here and there](https://a.example/)")),
    ),
    Fault.PICTURE_ALONE: ((alt("A cat", more="Look."),), (alt("A cat"), en("Look."))),
    Fault.HIDDEN: (
        (en("Wa\u200bter."), zh("潮\ufeff水。"), subject("Ti\u00adde")),
        (en("👩‍🚒 ❤️ 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"), zh("潮　水。")),
    ),
    Fault.LONG: ((weighs(71_000, 1),), (weighs(70_000, 1), weighs(96_000, 1))),
    Fault.TOO_LONG: ((weighs(96_000, 1),), (weighs(95_000, 1),)),
    Fault.HEAVY: ((weighs(1, 501_000),), (weighs(1, 500_000), weighs(1, 1_100_000))),
    Fault.TOO_HEAVY: ((weighs(1, 1_100_000),), (weighs(1, 1_000_000),)),
    Fault.FOREIGN_HOST: (
        tuple(
            page(html)
            for html in (
                '<img src="https://spy.example/a.png">', '<img src="//spy.example/a">',
                '<img src=" HTTP://SPY.example ">',
                '<table background="https://spy.example/a">', '<img srcset="https://spy.example/a 2x">',
                '<div style="background:url(https://spy.example/a)">', "<style>@import 'https://spy.example/a'</style>",
                '<style>a{b:u\\72l("\\2f/spy.example")}</style>', '<link rel="preconnect" href="https://spy.example">',
                '<meta http-equiv="refresh" content="0;url=https://spy.example">', '<img src="\\\\spy.example\\a">',
                '<!--[if mso]><v:fill src="https://spy.example/a" /><![endif]-->', '<video poster="ftp://spy.example/a">',
            )
        ),
        tuple(
            page(html)
            for html in (
                f'<img src="image:{"0" * 64}">', f'<img src="cid:{"0" * 64}">', '<a href="https://a.example">a</a>',
                '<html xmlns:v="urn:x" xmlns="http://www.w3.org/1999/xhtml">', "<p>url(https://a.example)</p>",
                "<style>a{color:red}</style>", "<!-- https://a.example -->",
            )
        ),
    ),
}  # fmt: skip
