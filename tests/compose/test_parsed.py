"""Markdown beside Chinese; each test names its row in the design's table of import libraries."""

import pytest

from mailer.compose.parsed import PARSER


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("**注意：**集會改期", "<strong>注意：</strong>集會改期"),
        ("**《手冊》**出版", "<strong>《手冊》</strong>出版"),
        ("請看**「潮信」**一書", "請看<strong>「潮信」</strong>一書"),
        ("他說**「退了。」**然後走", "他說<strong>「退了。」</strong>然後走"),
        ("**（附註）**、**潮**", "<strong>（附註）</strong>、<strong>潮</strong>"),
        ("*《潮信》*第三期", "<em>《潮信》</em>第三期"),
        ("**𨋢！**壞了", "<strong>𨋢！</strong>壞了"),
        ("**50%**的人", "<strong>50%</strong>的人"),
        ("[**《手冊》**](https://x.example/)出版", '<a href="https://x.example/"><strong>《手冊》</strong></a>出版'),
        ("snake_case_word", "snake_case_word"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_row_emphasis_beside_chinese_punctuation(typed: str, html: str) -> None:
    assert PARSER.render(typed) == f"<p>{html}</p>\n"
