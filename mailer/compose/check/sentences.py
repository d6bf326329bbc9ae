"""What each check says, as ids of the catalogues: where it is, what is wrong, and what to do about it."""

from mailer.i18n import N_

UNWRITTEN = N_("Block %(block)s has no text in %(language)s: write it first.")
MISSING = N_("Block %(block)s has no text for %(field)s in %(language)s: write it first.")
OUTDATED = N_(
    "Block %(block)s has changed since it was translated into %(language)s: bring the translation up to date first."
)
DRAFT = N_("Block %(block)s is still marked as a draft in %(language)s: finish it first.")
MACHINE = N_(
    "Block %(block)s was translated into %(language)s by a machine, and nobody has read it through: have it read."
)
UNREVIEWED = N_(
    "Block %(block)s was translated into %(language)s, and nobody has reviewed it: have somebody else read it."
)
ALONE = N_(
    "Block %(block)s has %(field)s in %(other)s and not in %(language)s: write it, unless that language needs none."
)
BORROWED = N_(
    "Block %(block)s is not complete in %(language)s: until it is, its readers get it in %(other)s, with a notice."
)
OMITTED = N_("Block %(block)s is not complete in %(language)s: until it is, its readers do not get it.")

FORBIDDEN = N_("Block %(block)s says “%(word)s” in %(language)s; the glossary wants “%(term)s”.")
LOST = N_(
    "Block %(block)s speaks of “%(word)s”, and its text in %(language)s lacks “%(term)s”, as the glossary has it."
)
UNCONVERTED = N_(
    "Block %(block)s keeps %(characters)s in %(language)s: converted, few devices could show it."
    " Reword that place, or add a term to the glossary."
)

NUMBERS = N_(
    "In block %(block)s %(language)s has the numbers %(here)s, and %(other)s has %(there)s: see which are right."
)
DATES = N_("In block %(block)s %(language)s has the dates %(here)s, and %(other)s has %(there)s: see which are right.")
TIMES = N_("In block %(block)s %(language)s has the times %(here)s, and %(other)s has %(there)s: see which are right.")
NAMES = N_(
    "Block %(block)s speaks of “%(name)s” in %(language)s, and %(other)s does not: see how the name is spelt there."
)
HASHTAGS = N_(
    "Block %(block)s has %(tags)s in %(other)s and no hashtag in %(language)s: add one, or take it out there."
)
LACKING_LINK = N_("Block %(block)s leads to %(link)s in %(other)s and not in %(language)s: add the link there.")

DEAD_LINK = N_(
    "In block %(block)s (%(language)s) the link “%(link)s” leads nowhere: give a whole address such as"
    " https://www.example.org/page, or take it out."
)
TYPED_LINK = N_(
    "In block %(block)s (%(language)s) readers would see “%(typed)s” as it is typed:"
    " write the link as [words](https://…), in a field that takes Markdown."
)
INSECURE_LINK = N_(
    "In block %(block)s (%(language)s) the link %(link)s is not encrypted, so others see what readers look at:"
    " write https:// if that page has it."
)
PERSONAL_LINK = N_(
    "In block %(block)s (%(language)s) the link to %(host)s holds what belongs to one person (%(what)s),"
    " and every reader would get it: take that part out."
)
TRACKING_LINK = N_(
    "In block %(block)s (%(language)s) the link to %(host)s tells where readers come from (%(what)s):"
    " take that part out."
)
SHORTENED_LINK = N_(
    "In block %(block)s (%(language)s) %(host)s hides where the link leads, and spam filters dislike it:"
    " give the page’s own address."
)
MISLEADING_LINK = N_(
    "In block %(block)s (%(language)s) the words “%(words)s” lead to %(host)s, as in a fraud:"
    " let them show where they lead, or say what is there."
)
UNREACHABLE = N_("In block %(block)s (%(language)s) %(link)s did not answer: see whether the page is still there.")

ALT_FILE = N_(
    "In block %(block)s the picture’s words in %(language)s are the name of a file, “%(words)s”: say what it shows."
)
ALT_PICTURE = N_(
    "In block %(block)s the picture’s words in %(language)s say “%(words)s”, which whoever hears them knows:"
    " begin with what it shows."
)
ALT_CAPTION = N_(
    "In block %(block)s the picture’s words in %(language)s repeat its caption, which is then heard twice:"
    " say what the caption does not."
)
ALT_WIDTH = N_(
    "In block %(block)s the picture’s words in %(language)s are %(width)s columns wide, and are heard in one go:"
    " bring them down to %(most)s, and put the rest into the text."
)

HEADING_TOP = N_(
    "In block %(block)s (%(language)s) “%(words)s” is a heading of the first level, which the edition’s title is:"
    " begin it with ###."
)
HEADING_SKIP = N_(
    "In block %(block)s (%(language)s) the heading “%(words)s” skips a level: give it one # more than that above it."
)
HEADING_BOLD = N_(
    "In block %(block)s (%(language)s) the bold line “%(words)s” looks like a heading, and is none for those"
    " who listen: begin it with ### instead."
)

HALF_WIDTH = N_("Block %(block)s has half-width punctuation in %(language)s, “%(words)s”: write “%(wanted)s”.")
STRAIGHT_QUOTES = N_(
    "Block %(block)s has straight quotation marks in %(language)s, “%(words)s”: write the marks of that script."
)
CURLY_QUOTES = N_(
    "Block %(block)s has the quotation marks of another language in %(language)s, “%(words)s”: write 「」 or 『』."
)
ROUND_ZERO = N_("Block %(block)s has a circle in a number in %(language)s, “%(words)s”: write “%(wanted)s”.")
DOTS = N_("Block %(block)s has “%(words)s” in %(language)s: write ……, two characters of three dots each.")
DASHES = N_("Block %(block)s has “%(words)s” in %(language)s: write ——, a dash of two characters.")
HAN_BLANK = N_(
    "Block %(block)s has a blank between Chinese characters in %(language)s, “%(words)s”:"
    " take it out, or write the punctuation that is meant."
)
YOU = N_("Block %(block)s addresses readers as “%(words)s” in %(language)s: write 你 throughout.")
WORDING = N_("Block %(block)s says “%(words)s” in %(language)s: readers in Hong Kong say “%(wanted)s”.")
MIXED_SCRIPT = N_(
    "Block %(block)s has characters of the other Chinese script in %(language)s, %(characters)s: type them anew."
)

SUBJECT_WIDTH = N_(
    "The subject in %(language)s is %(width)s columns wide, and inboxes cut off what exceeds %(most)s"
    " (a Chinese character takes two)."
)
PREHEADER_WIDTH = N_(
    "The preheader in %(language)s is %(width)s columns wide; inboxes show %(least)s to %(most)s well"
    " (a Chinese character takes two)."
)

CAPITALS = N_("The subject in %(language)s is all in capitals, as spam is: write it as a sentence.")
EXCLAMATIONS = N_(
    "Block %(block)s has %(count)s exclamation marks in its %(field)s in %(language)s, and spam filters count them:"
    " one will do."
)
PHRASE = N_("Block %(block)s says “%(words)s” in %(language)s, which spam filters dislike: say it in other words.")
PICTURE_ALONE = N_(
    "The edition shows pictures and has hardly a word in %(language)s, as spam does: say in the text what they show."
)
HIDDEN = N_(
    "Block %(block)s has invisible characters in %(language)s (%(codes)s), beside “%(words)s”: type that place anew."
)

LONG = N_("The variant %(mode)s is %(size)s KB long; beyond 95 KB it could not be approved.")
TOO_LONG = N_("The variant %(mode)s is %(size)s KB long, and Gmail cuts mails short beyond 95 KB: shorten the edition.")
HEAVY = N_("The variant %(mode)s weighs %(size)s KB with its pictures; beyond 1000 KB it could not be approved.")
TOO_HEAVY = N_(
    "The variant %(mode)s weighs %(size)s KB with its pictures, and 1000 KB is the most:"
    " take pictures out, or make them smaller."
)
FOREIGN_HOST = N_(
    "Opening the variant %(mode)s would call %(host)s, which would learn who reads it: take “%(what)s” out."
)
