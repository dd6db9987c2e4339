"""A skeleton chart for IFRS statements: what the planners need, to be extended by the company's own accounts.

Statement lines follow IAS 1.54 and 1.82; Chinese names follow the accounts of the Accounting Standards for Business
Enterprises where there is one of the same meaning.
"""

from __future__ import annotations

_ROWS = """\
1000 | asset | cash | bank | | Bank | 银行存款
1010 | asset | cash | cash | | Cash | 库存现金
1200 | asset | trade_receivables | receivable | yes | Trade receivables | 应收账款
1290 | asset | prepayments | advances_paid | | Advances paid | 预付账款
1400 | asset | inventories | inventory | | Inventories | 存货
1410 | asset | inventories | goods_in_transit | | Goods in transit | 在途物资
1500 | asset | other_receivables | tax_receivable | | Input tax | 应交税费（进项税额）
1700 | asset | property_plant_equipment | fixed_assets | | Property, plant and equipment | 固定资产
2000 | liability | trade_payables | payable | yes | Trade payables | 应付账款
2050 | liability | trade_payables | grni | yes | Goods received not invoiced | 暂估应付账款
2100 | liability | contract_liabilities | advances_received | | Advances received | 预收账款
2200 | liability | tax_payable | tax_payable | | Output tax | 应交税费（销项税额）
2500 | liability | borrowings | loans | | Borrowings | 借款
3000 | equity | share_capital | share_capital | | Share capital | 实收资本
3100 | equity | retained_earnings | retained_earnings | | Retained earnings | 未分配利润
3900 | equity | opening_balances | opening_equity | | Opening balances | 期初余额
4000 | income | revenue | sales | | Sales | 主营业务收入
4100 | income | revenue | freight_income | | Freight charged to customers | 运费收入
4800 | income | other_income | other_income | | Other income | 其他收益
5000 | expense | cost_of_sales | cost_of_sales | | Cost of sales | 主营业务成本
5100 | expense | cost_of_sales | purchase_variance | | Purchase variance | 采购差异
5150 | expense | cost_of_sales | inventory_revaluation | | Inventory revaluation | 存货重估差异
5200 | expense | cost_of_sales | inventory_adjustment | | Inventory adjustment | 存货盘盈盘亏
6000 | expense | operating_expenses | purchases expense | | Purchases and services | 采购及服务费用
6100 | expense | operating_expenses | freight_expense | | Freight paid | 运输费
6200 | expense | operating_expenses | tax_expense | | Tax not recoverable | 不可抵扣税费
6300 | expense | operating_expenses | write_offs | | Receivables and payables written off | 坏账损失
6400 | expense | operating_expenses | bank_fees | | Bank fees | 手续费
6800 | income | exchange_differences | fx_gain_loss | | Exchange result, realised | 汇兑损益（已实现）
6810 | income | exchange_differences | fx_unrealised | | Exchange result, unrealised | 汇兑损益（未实现）
6900 | expense | operating_expenses | rounding | | Rounding differences | 尾差
9000 | equity | exchange | exchange | | Exchange of currencies | 货币兑换
"""


def rows() -> list[dict[str, str]]:
    """The accounts as rows, in order of code."""
    names = ("code", "nature", "line", "roles", "open_items", "name", "zh_CN")
    return [dict(zip(names, (part.strip() for part in row.split("|")), strict=True)) for row in _ROWS.splitlines()]
