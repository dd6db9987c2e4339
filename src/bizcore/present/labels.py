"""Labels of statements and documents in other languages: data, found by their English text or statement line."""

from __future__ import annotations

from typing import Final

_ZH: Final = """\
account|科目
account name|科目名称
aging|账龄
amount|金额
assets|资产
balance|余额
balance sheet|资产负债表
bank|银行存款
cash|货币资金
code|编码
cost of sales|营业成本
credit|贷方
customer|客户
date|日期
debit|借方
difference|差额
due|到期日
equity|所有者权益
exchange differences|汇兑差额
expenses|费用
gross profit|毛利
income|收入
income statement|利润表
inventories|存货
inventory|存货
invoice|发票
item|物料
liabilities|负债
liabilities and equity|负债和所有者权益
line|项目
name|名称
number|编号
on hand|现存量
opening balances|期初余额
operating expenses|营业费用
other income|其他收益
party|往来单位
payable aging|应付账款账龄表
payables|应付账款
place|仓库
quantity|数量
receivable aging|应收账款账龄表
receivables|应收账款
result|净利润
result of the year|本年利润
retained earnings|未分配利润
revenue|营业收入
share capital|实收资本
stock valuation|存货计价表
tax payable|应交税费
total|合计
trade payables|应付账款
trade receivables|应收账款
trial balance|试算平衡表
unit cost|单位成本
value|价值
vendor|供应商
"""

LABELS: Final[dict[str, dict[str, str]]] = {"zh": dict(line.split("|") for line in _ZH.splitlines())}
"""Labels by language; a label that is not here is shown as it is."""


def label(text: str, language: str) -> str:
    """A label in a language, by its English text in any case, with spaces or underscores.

    >>> label("Balance sheet", "zh"), label("balance_sheet", "zh"), label("Balance sheet", "fr")
    ('资产负债表', '资产负债表', 'Balance sheet')
    """
    return LABELS.get(language, {}).get(text.replace("_", " ").strip().lower(), text)
