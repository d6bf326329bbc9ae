"""By what each class of replies is known: words and codes, each with examples; the first sign that fits decides.

Enhanced codes are those of RFC 3463, RFC 7372, RFC 7505 and the registry of IANA; words are what servers are
known to say. Words come before codes: many servers have one code for everything.
"""

from mailer.reply import classes as c
from mailer.reply.sign import Sign

_MAILBOX = r"(用户|用戶|使用者|[收邮郵信]件?[人者箱]|[帐账帳][号號户戶])"

SIGNS = (
    # What we should prove and do not. Codes first: one provider calls this a limit on our rate.
    Sign(c.UNPROVEN, "45", status=r"7\.(2[0-357]|26|3[0-2]|509|515)", examples=(
        "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
        "421 4.7.32 Your email has been rate limited because the From: header does not align",
        "550 5.7.515 Access denied, sending domain does not meet the required authentication level.",
    )),
    Sign(c.UNPROVEN, "5", (
        r"\b(spf|dkim|dmarc)\b.{0,40}(fail|not pass|invalid|not valid|reject)",
        r"(fail|pass).{0,40}\b(spf|dkim|dmarc)\b",
        r"(spf|dkim|dmarc) ?[验驗][证證]", r"find your (reverse )?hostname", r"MI:SPF",
    ), examples=(
        "550 SPF check failed. http://service.mail.example/cgi-bin/help?no=1000",
        "550 5.7.0 DMARC check failed",
        "554 5.7.1 The message fails to pass DKIM",
        "554 MI:SPF 163 smtp12, http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1",
        "550 5.7.1 Client host rejected: cannot find your reverse hostname",
        "550 SPF 验证未通过，不接收此邮件",
        "550 DKIM驗證不成功",
    )),
    Sign(c.UNPROVEN, "4", (r"HL:MEP",), examples=(
        "421 HL:MEP 163 smtp3, http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1",
    )),
    Sign(c.UNWELCOME, "5", (r"RESOLVER\.RST\.",), examples=(
        "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
    )),
    Sign(c.LOGIN, "45", code=530, examples=("530 5.7.0 Must issue a STARTTLS command first",)),
    Sign(c.LOGIN, "45", status=r"7\.(8|9|14)", examples=("535 5.7.8 Error: these credentials do not do",)),
    Sign(c.LOGIN, "5", (
        r"authentication (is )?required", r"EHLO and AUTH first", r"your account", r"relay(ing)? (access )?denied",
        r"unable to relay", r"rcpthosts", r"需要.{0,6}[验驗][证證]", r"先登[录入錄]", r"拒[绝絕][中轉]",
    ), examples=(
        "553 authentication is required,smtp5,D9GowAB3",
        "503 5.5.1 Error: need EHLO and AUTH first !",
        "554 5.7.0 Your account has been suspended",
        "554 5.7.1 <address>: Relay access denied",
        "550 5.7.1 Unable to relay for <address>",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "535 需要身份验证",
        "550 請先登入",
        "550 拒绝中继",
    )),
    Sign(c.SENDER, "5", (
        r"sender (address )?(is )?(rejected|denied|refused|unvalidated)", r"(invalid|illegal|fake) sender",
        r"denies the sender", r"(发件人|寄件[人者])(地址)?(不|被)",
    ), examples=(
        "554 <address>: Sender address rejected: Domain not found",
        "553 Invalid sender",
        "553 host denies the sender",
        "550 发件人地址不合法",
        "550 寄件者不被接受",
    )),
    Sign(c.SENDER, "5", status=r"1\.[78]", examples=(
        "553 5.1.8 <address>... Domain of <address> does not exist",
    )),

    # A mailbox gets, or all of us send, too much. Some say so with the code of a mailbox that does not exist.
    Sign(c.FLOODED, "45", (
        r"receiving (e?mail|messages) (too quickly|at a rate)", r"mailbox unavailable or access denied",
    ), examples=(
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend later.",
        "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more",
        "550 Mailbox unavailable or access denied. http://service.mail.example/cgi-bin/help?no=1000",
    )),
    Sign(c.TOO_FAST, "45", (
        r"frequency limit", r"too many .{0,30}(connection|message|recipient|rcpt|e?mail|session)", r"too fast",
        r"rate ?limit", r"throttl", r"slow down", r"sending quota", r"unexpected volume", r"HL:I[CF]C",
        r"MI:(DMC|SFQ|CCL|CEL)", r"RP:(DRC|CCL|CEL)", r"[频頻][率繁]", r"(数|數|[連连][接線线])(过|過|太)多",
    ), examples=(
        "550 Ip frequency limited. http://service.mail.example/cgi-bin/help?no=1000",
        "550 Domain frequency limited",
        "550 Sender frequency limited",
        "550 Connection frequency limited",
        "421 4.7.0 Too many concurrent SMTP connections; please try again later",
        "550 5.7.1 You send too fast",
        "421 RP-001 The mail server IP has exceeded the rate limit allowed",
        "451 4.7.500 Server busy: throttled",
        "451 4.7.1 Slow down, please",
        "554 sending quota exceeded",
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
        "421 HL:ICC 163 smtp3, http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1",
        "421 HL:IFC 163 smtp3",
        "450 MI:DMC 163 smtp3",
        "451 MI:SFQ 163 smtp3",
        "450 RP:DRC 163 smtp3",
        "550 发信频率超过限制",
        "450 4.7.1 發送過於頻繁，請稍後再試",
        "421 连接数过多",
    )),
    Sign(c.TOO_FAST, "45", status=r"7\.28|5\.3", examples=(
        "421 4.7.28 An unusual rate of unsolicited mail originates from your DKIM domain",
        "550 5.7.28 There is an unusual rate of unsolicited mail from your network",
        "452 4.5.3 Enough of them",
    )),
    Sign(c.GREYLISTED, "4", (r"gr[ae]y[ -]?list", r"DT:SPM", r"灰名[单單]"), examples=(
        "450 4.2.0 <address>: Recipient address rejected: Greylisted, see http://postgrey.example/",
        "451 4.7.1 Graylisting in action, please come back later",
        "451 DT:SPM 163 smtp12, please try again http://mail.163.com/help/help_spam_16.htm",
        "451 灰名單機制，請稍後重試",
    )),

    # What they take us for, for now or for good.
    Sign(c.SUSPECTED, "4", (
        r"spam", r"black ?list", r"block ?list", r"reputation", r"complaint", r"suspicious", r"\bblocked\b", r"HL:REP",
        r"DT:RBL", r"WM:BL", r"信[誉譽]", r"黑名[单單]", r"垃圾",
    ), examples=(
        "421 HL:REP 163 smtp3, http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1",
        "450 DT:RBL 163 smtp3",
        "450 WM:BLI 163 smtp3",
        "421 4.7.0 Temporarily deferred due to user complaints",
        "421 4.7.0 Our system has detected that this message is suspicious",
        "421 4.7.0 This network has a low reputation",
        "451 4.7.650 The server is on our block list for the time being",
        "451 4.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example",
        "450 you may be on a blacklist",
        "450 4.7.1 looks like spam",
        "451 信譽不佳，暫時拒絕",
        "421 发信 IP 在黑名单中",
        "451 疑似垃圾邮件，请稍后再试",
    )),
    Sign(c.UNWELCOME, "5", (
        r"rejected by (the )?recipients?\b", r"user in blacklist", r"not (allowed|authori[sz]ed|permitted) to send to",
        r"(收件[人者]|[对對]方)(已)?(拒|将|將)",
    ), examples=(
        "550 Mail is rejected by recipients. http://service.mail.example/cgi-bin/help?no=1000",
        "550 User in blacklist",
        "550 5.7.1 You are not allowed to send to this group",
        "550 收件人拒收您的邮件",
        "550 對方將您列入黑名單",
    )),
    Sign(c.UNWELCOME, "5", status=r"2\.3|7\.(2|1[23]\d)", examples=(
        "550 5.7.129 The sender is not among those whom this mailbox takes mail from",
        "552 5.2.3 This message is longer than what this recipient takes",
    )),
    Sign(c.BLOCKED, "5", (
        r"black ?list", r"block ?list", r"spamhaus", r"reputation", r"banned", r"black ip",
        r"\b(ip|host|server|network|domain)\b.{0,60}\b(blocked|forbidden)", r"\bip is (rejected|hangup)", r"DT:RBL",
        r"WM:BL", r"黑名[单單]", r"\bip\b.{0,10}[封拒]",
    ), examples=(
        "550 5.7.1 Your server's IP address has been blocked",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example",
        "550 5.7.1 Messages from [192.0.2.1] weren't sent: part of their network is on our block list (S3150)",
        "553 5.7.1 your mailserver is listed in a blacklist",
        "550 5.7.1 See www.spamhaus.example",
        "550 5.7.606 Access denied, banned sender [192.0.2.1]",
        "554 Denied: a poor reputation",
        "550 black ip",
        "550 IP is rejected",
        "550 DT:RBL 163 smtp3",
        "550 WM:BLI 163 smtp3",
        "550 发信 IP 被封禁",
        "554 您的郵件伺服器已列入黑名單",
    )),
    Sign(c.TOO_BIG, "5", (
        r"(message|mail) ?size", r"too (large|big|long)", r"[邮郵信]件([过過太]大|(大小|容量)?超)",
    ), examples=(
        "552 sorry, that message size exceeds my databytes limit (#5.3.4)",
        "554 exceeded mailsize limit",
        "552 message is too long",
        "552 邮件过大",
        "552 郵件大小超過限制",
    )),
    Sign(c.TOO_BIG, "5", status=r"3\.4", examples=("552 5.3.4 That is more than we take",)),
    Sign(c.CONTENT, "5", (
        r"spam", r"unsolicited", r"content", r"\bbulk\b", r"virus", r"malware", r"phish", r"junk", r"DT:S(PM|UM)",
        r"MI:IMF", r"垃圾", r"病毒", r"[内內]容", r"敏感",
    ), examples=(
        "550 Mail content denied. http://service.mail.example/cgi-bin/help?no=1000",
        "550 Suspected spam sender",
        "554 DT:SPM 163 smtp12, http://mail.163.com/help/help_spam_16.htm",
        "554 DT:SUM 163 smtp12",
        "550 MI:IMF 163 smtp12",
        "550 5.7.1 Our system has detected that this message is likely unsolicited mail.",
        "554 5.7.1 no bulk mail here",
        "550 Virus found",
        "550 Malware found",
        "554 5.7.1 A link in this is used for phishing",
        "550 5.7.1 Considered junk",
        "550 垃圾邮件，拒绝接收",
        "554 信件帶有病毒",
        "554 郵件內容違反規定",
        "554 含有敏感詞",
    )),

    # The mailbox, the domain, the name.
    Sign(c.FULL, "45", (
        r"mailbox (is )?full", r"over quota", r"quota exceeded", r"out of storage", r"storage allocation",
        r"[邮郵信]箱.{0,4}[满滿]", r"(容量|空[间間])不足", r"超出.{0,6}(容量|空[间間])",
    ), examples=(
        "452 The recipient's inbox is out of storage space",
        "550 5.7.1 Mailbox full",
        "552 Requested mail action aborted: exceeded storage allocation",
        "554 Quota exceeded",
        "550 <address> is over quota",
        "552 邮箱已满",
        "552 信箱容量不足",
        "452 超出信箱空間",
    )),
    Sign(c.INACTIVE, "5", (
        r"deactivated", r"\bdisabled", r"inactive", r"suspended", r"(user|account) (is |has )?(been )?(locked|closed)",
        r"停[用權权]", r"[冻凍][结結]", r"[锁鎖]定",
    ), examples=(
        "550 <address> is a deactivated mailbox",
        "550 5.1.1 The email account that you tried to reach is disabled",
        "550 Mailbox inactive",
        "550 User suspended",
        "550 user is locked",
        "550 该邮箱已停用",
        "550 帳號已凍結",
        "550 用户被锁定",
    )),
    Sign(c.DOMAIN_GONE, "5", (
        r"(host|domain)( name)? (not found|unknown|does(n't| not) exist)", r"(no such|unknown) (host|domain)",
        r"find any host", r"unrouteable", r"([域網网][名域]|主[機机]).{0,4}(不存在|找不到)",
    ), examples=(
        "550 5.0.0 Host or domain name not found. Name service error",
        "550 No such domain",
        "550 Sorry, I couldn't find any host named gone.example.",
        "550 Unrouteable address",
        "550 域名不存在",
        "550 網域名稱不存在",
    )),
    Sign(c.UNKNOWN_USER, "5", (
        r"(user|mailbox|recipient|account|address|alias)\b.{0,40}(unknown|not found|not exist|n't exist)",
        r"unknown (local )?(user|recipient|mailbox|address)", r"no such (user|recipient|mailbox|person|address)",
        r"no mailbox", r"(invalid|bad) (recipient|mailbox|user|address)", r"not a valid (mailbox|recipient|user)",
        r"n(o|')t have an? .{0,20}account", r"RecipientNotFound", r"unavailable mail user",
        _MAILBOX + r"(不存在|未找到|不正[确確]|[无無]效)", r"(找不到|[查没沒][无無有])此?" + _MAILBOX,
    ), examples=(
        "550 Mailbox not found. http://service.mail.example/cgi-bin/help?no=1000",
        "550 User not found: <address>",
        "550 5.7.1 <address>: Recipient address rejected: User unknown in virtual mailbox table",
        "550 RC:LD The email account that you tried to reach does not exist",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; looked up by SMTP address",
        "550 unknown user",
        "550 No such user here",
        "550 sorry, no mailbox here by that name (#5.7.1)",
        "501 Bad address syntax. http://service.mail.example/cgi-bin/help?no=1000",
        "554 not a valid mailbox",
        "554 delivery error: dd This user doesn't have a yahoo.com account",
        "550 #2175041 unavailable mail user",
        "550 用户不存在",
        "550 邮箱不存在",
        "550 5.7.1 使用者不存在",
        "550 查無此帳號",
    )),
    Sign(c.UNKNOWN_USER, "5", (r"mailbox unavailable",), provider="outlook", examples=(
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)",
    )),
    Sign(c.FULL, "45", status=r"2\.2", examples=("552 5.2.2 The mailfolder cannot take this",)),
    Sign(c.INACTIVE, "5", status=r"2\.1", examples=("550 5.2.1 This mailbox cannot take anything",)),
    Sign(c.DOMAIN_GONE, "5", status=r"1\.(2|10)|4\.4", examples=(
        "556 5.1.10 Recipient address has null MX",
        "550 5.4.4 Unable to route",
        "550 5.1.2 Bad destination system",
    )),
    Sign(c.UNKNOWN_USER, "5", status=r"1\.[136]", examples=(
        "550 5.1.1 <address> is nobody here",
        "501 5.1.3 Not an address",
        "551 5.1.6 Has moved away",
    )),

    # What says little.
    Sign(c.POLICY, "5", (r"policy", r"access denied", r"拒[绝絕]", r"政策", r"策略"), examples=(
        "554 Rejected for policy reasons",
        "550 Access denied",
        "550 拒绝接收",
        "554 政策不容許此郵件",
        "550 不符合收信策略",
    )),
    Sign(c.POLICY, "5", status=r"7\.\d+", examples=("550 5.7.1 Delivery not authorized",)),
    Sign(c.MALFORMED, "5", (r"syntax error", r"bare (lf|cr|newline)", r"rfc ?[528]\d+", r"格式"), examples=(
        "500 Syntax error",
        "554 bare LF received",
        "550 Message does not conform to RFC 5322",
        "550 邮件格式错误",
        "550 郵件格式不正確",
    )),
    # RFC 6531 §3.5.
    Sign(c.ASCII_ONLY, "5", status=r"6\.7", examples=("553 5.6.7 SMTPUTF8 is required for this recipient",)),
    Sign(c.MALFORMED, "5", status=r"5\.[1246]|6\.\d+", examples=(
        "554 5.6.0 Message has lines that end oddly",
        "502 5.5.2 Error: command not recognised",
    )),
    Sign(c.TROUBLE, "4", status=r"[34]\.\d+|7\.(5|24)", examples=(
        "451 4.3.0 Error: queue file write error",
        "450 4.4.2 Connection timed out",
        "452 4.3.1 Insufficient system storage",
        "451 4.7.24 SPF cannot be looked up just now",
    )),
    Sign(c.TROUBLE, "4", code=421, examples=("421 Service not available, closing transmission channel",)),
    Sign(c.LATER, "4", examples=(
        "450 4.1.1 <address>: Recipient address rejected: unverified address",
        "450 mailbox unavailable",
        "451 请稍后再试",
        "451 請稍後再試",
    )),
    Sign(c.REFUSED, "5", examples=(
        "550 Requested action not taken: mailbox unavailable",
        "554 Transaction failed",
        "554 5.0.0 No",
    )),
)  # fmt: skip
"""In the order in which they are asked. The last two fit whatever is left."""
