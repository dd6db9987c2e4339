"""ISO 4217: every current code, every withdrawn one, and their minor units.

Source: ISO 4217 list one and list three as published by the maintenance agency (table A.1 of 2024-06-25, in the public-domain
collection datasets/currency-codes). List three states no minor units: for withdrawn codes they are CLDR's currency digits
(default 2; none for the settlement units XEU, XFO, XFU, XRE). A row is code, digits, numeric code, withdrawal, name.
"""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import NamedTuple

from bizcore.kernel.errors import Invalid


class UnknownCurrency(Invalid):
    """Not a code of ISO 4217, or one without a minor unit, which no amount can be booked in."""

    code = "unknown_currency"

    def __init__(self, *, currency: object, why: str) -> None:
        shown = str(currency)[:20]
        super().__init__(f"{shown!r} {why}", currency=shown, why=why)


class Currency(NamedTuple):
    """A currency: `digits` is None where there is no minor unit, `withdrawn` a month or span for those that ended."""

    code: str
    digits: int | None
    numeric: str
    withdrawn: str
    name: str


@lru_cache(maxsize=1)
def currencies() -> dict[str, Currency]:
    """All of them by code."""
    found = {}
    for line in _TABLE.splitlines():
        code, places, numeric, withdrawn, name = line.split("|")
        found[code] = Currency(intern(code), int(places) if places else None, numeric, withdrawn, name)
    return found


def currency(code: object) -> Currency:
    """The facts of a code. Raises: UnknownCurrency.

    >>> currency("DEM").withdrawn, currency("JPY").digits
    ('2002-03', 0)
    """
    if type(code) is not str:
        raise UnknownCurrency(currency=type(code).__name__, why="is not a currency; give an ISO 4217 code as text")
    found = currencies().get(code)
    if found is None:
        near = currencies().get(code.upper()) if len(code) == 3 else None
        raise UnknownCurrency(
            currency=code, why=f"is not a code of ISO 4217{f'; did you mean {near.code}' if near else ''}"
        )
    return found


_digits: dict[str, int] = {}


def digits(code: str) -> int:
    """The places of the minor unit. Raises: UnknownCurrency, for codes without one too.

    >>> digits("EUR"), digits("KWD"), digits("CLF")
    (2, 3, 4)
    """
    try:
        return _digits[code]
    except (KeyError, TypeError):
        found = currency(code)
        if found.digits is None:
            raise UnknownCurrency(currency=code, why="has no minor unit; no amount can be booked in it") from None
        return _digits.setdefault(found.code, found.digits)


def known(code: object) -> str:
    """The interned code of a currency that amounts can be booked in. Raises: UnknownCurrency."""
    digits(code)  # type: ignore[arg-type]
    return currencies()[code].code  # type: ignore[index]


_TABLE = """\
ADP|0|020|2003-07|Andorran Peseta
AED|2|784||UAE Dirham
AFA|2|004|2003-01|Afghani
AFN|2|971||Afghani
ALK|2|008|1989-12|Old Lek
ALL|2|008||Lek
AMD|2|051||Armenian Dram
ANG|2|532|2025-03|Netherlands Antillean Guilder
AOA|2|973||Kwanza
AOK|2|024|1991-03|Kwanza
AON|2|024|2000-02|New Kwanza
AOR|2|982|2000-02|Kwanza Reajustado
ARA|2|032|1992-01|Austral
ARP|2|032|1985-07|Peso Argentino
ARS|2|032||Argentine Peso
ARY|2|032|1989 to 1990|Peso
ATS|2|040|2002-03|Schilling
AUD|2|036||Australian Dollar
AWG|2|533||Aruban Florin
AYM|2|945|2005-10|Azerbaijan Manat
AZM|2|031|2005-12|Azerbaijanian Manat
AZN|2|944||Azerbaijan Manat
BAD|2|070|1998-07|Dinar
BAM|2|977||Convertible Mark
BBD|2|052||Barbados Dollar
BDT|2|050||Taka
BEC|2|993|1990-03|Convertible Franc
BEF|2|056|2002-03|Belgian Franc
BEL|2|992|1990-03|Financial Franc
BGJ|2|100|1989 to 1990|Lev A/52
BGK|2|100|1989 to 1990|Lev A/62
BGL|2|100|2003-11|Lev
BGN|2|975|2026-01|Bulgarian Lev
BHD|3|048||Bahraini Dinar
BIF|0|108||Burundi Franc
BMD|2|060||Bermudian Dollar
BND|2|096||Brunei Dollar
BOB|2|068||Boliviano
BOP|2|068|1987-02|Peso boliviano
BOV|2|984||Mvdol
BRB|2|076|1986-03|Cruzeiro
BRC|2|076|1989-02|Cruzado
BRE|2|076|1993-03|Cruzeiro
BRL|2|986||Brazilian Real
BRN|2|076|1990-03|New Cruzado
BRR|2|987|1994-07|Cruzeiro Real
BSD|2|044||Bahamian Dollar
BTN|2|064||Ngultrum
BUK|2|104|1990-02|Kyat
BWP|2|072||Pula
BYB|2|112|2001-01|Belarusian Ruble
BYN|2|933||Belarusian Ruble
BYR|0|974|2017-01|Belarusian Ruble
BZD|2|084||Belize Dollar
CAD|2|124||Canadian Dollar
CDF|2|976||Congolese Franc
CHC|2|948|2004-11|WIR Franc (for electronic)
CHE|2|947||WIR Euro
CHF|2|756||Swiss Franc
CHW|2|948||WIR Franc
CLF|4|990||Unidad de Fomento
CLP|0|152||Chilean Peso
CNY|2|156||Yuan Renminbi
COP|2|170||Colombian Peso
COU|2|970||Unidad de Valor Real
CRC|2|188||Costa Rican Colon
CSD|2|891|2006-10|Serbian Dinar
CSJ|2|203|1989 to 1990|Krona A/53
CSK|2|200|1993-03|Koruna
CUC|2|931|2021-06|Peso Convertible
CUP|2|192||Cuban Peso
CVE|2|132||Cabo Verde Escudo
CYP|2|196|2008-01|Cyprus Pound
CZK|2|203||Czech Koruna
DDM|2|278|1990-07 to 1990-09|Mark der DDR
DEM|2|276|2002-03|Deutsche Mark
DJF|0|262||Djibouti Franc
DKK|2|208||Danish Krone
DOP|2|214||Dominican Peso
DZD|2|012||Algerian Dinar
ECS|2|218|2000-09|Sucre
ECV|2|983|2000-09|Unidad de Valor Constante (UVC)
EEK|2|233|2011-01|Kroon
EGP|2|818||Egyptian Pound
ERN|2|232||Nakfa
ESA|2|996|1978 to 1981|Spanish Peseta
ESB|2|995|1994-12|"A" Account (convertible Peseta Account)
ESP|0|724|2002-03|Spanish Peseta
ETB|2|230||Ethiopian Birr
EUR|2|978||Euro
FIM|2|246|2002-03|Markka
FJD|2|242||Fiji Dollar
FKP|2|238||Falkland Islands Pound
FRF|2|250|2002-03|French Franc
GBP|2|826||Pound Sterling
GEK|2|268|1995-10|Georgian Coupon
GEL|2|981||Lari
GHC|2|288|2008-01|Cedi
GHP|2|939|2007-06|Ghana Cedi
GHS|2|936||Ghana Cedi
GIP|2|292||Gibraltar Pound
GMD|2|270||Dalasi
GNE|2|324|1989-12|Syli
GNF|0|324||Guinean Franc
GNS|2|324|1986-02|Syli
GQE|2|226|1986-06|Ekwele
GRD|2|300|2002-03|Drachma
GTQ|2|320||Quetzal
GWE|2|624|1978 to 1981|Guinea Escudo
GWP|2|624|1997-05|Guinea-Bissau Peso
GYD|2|328||Guyana Dollar
HKD|2|344||Hong Kong Dollar
HNL|2|340||Lempira
HRD|2|191|1995-01|Croatian Dinar
HRK|2|191|2023-01|Kuna
HTG|2|332||Gourde
HUF|2|348||Forint
IDR|2|360||Rupiah
IEP|2|372|2002-03|Irish Pound
ILP|2|376|1978 to 1981|Pound
ILR|2|376|1989 to 1990|Old Shekel
ILS|2|376||New Israeli Sheqel
INR|2|356||Indian Rupee
IQD|3|368||Iraqi Dinar
IRR|2|364||Iranian Rial
ISJ|2|352|1989 to 1990|Old Krona
ISK|0|352||Iceland Krona
ITL|0|380|2002-03|Italian Lira
JMD|2|388||Jamaican Dollar
JOD|3|400||Jordanian Dinar
JPY|0|392||Yen
KES|2|404||Kenyan Shilling
KGS|2|417||Som
KHR|2|116||Riel
KMF|0|174||Comorian Franc
KPW|2|408||North Korean Won
KRW|0|410||Won
KWD|3|414||Kuwaiti Dinar
KYD|2|136||Cayman Islands Dollar
KZT|2|398||Tenge
LAJ|2|418|1979-12|Pathet Lao Kip
LAK|2|418||Lao Kip
LBP|2|422||Lebanese Pound
LKR|2|144||Sri Lanka Rupee
LRD|2|430||Liberian Dollar
LSL|2|426||Loti
LSM|2|426|1985-05|Loti
LTL|2|440|2014-12|Lithuanian Litas
LTT|2|440|1993-07|Talonas
LUC|2|989|1990-03|Luxembourg Convertible Franc
LUF|0|442|2002-03|Luxembourg Franc
LUL|2|988|1990-03|Luxembourg Financial Franc
LVL|2|428|2014-01|Latvian Lats
LVR|2|428|1994-12|Latvian Ruble
LYD|3|434||Libyan Dinar
MAD|2|504||Moroccan Dirham
MDL|2|498||Moldovan Leu
MGA|2|969||Malagasy Ariary
MGF|0|450|2004-12|Malagasy Franc
MKD|2|807||Denar
MLF|2|466|1984-11|Mali Franc
MMK|2|104||Kyat
MNT|2|496||Tugrik
MOP|2|446||Pataca
MRO|0|478|2017-12|Ouguiya
MRU|2|929||Ouguiya
MTL|2|470|2008-01|Maltese Lira
MTP|2|470|1983-06|Maltese Pound
MUR|2|480||Mauritius Rupee
MVQ|2|462|1989-12|Maldive Rupee
MVR|2|462||Rufiyaa
MWK|2|454||Malawi Kwacha
MXN|2|484||Mexican Peso
MXP|2|484|1993-01|Mexican Peso
MXV|2|979||Mexican Unidad de Inversion (UDI)
MYR|2|458||Malaysian Ringgit
MZE|2|508|1978 to 1981|Mozambique Escudo
MZM|2|508|2006-06|Mozambique Metical
MZN|2|943||Mozambique Metical
NAD|2|516||Namibia Dollar
NGN|2|566||Naira
NIC|2|558|1990-10|Cordoba
NIO|2|558||Cordoba Oro
NLG|2|528|2002-03|Netherlands Guilder
NOK|2|578||Norwegian Krone
NPR|2|524||Nepalese Rupee
NZD|2|554||New Zealand Dollar
OMR|3|512||Rial Omani
PAB|2|590||Balboa
PEH|2|604|1989 to 1990|Sol
PEI|2|604|1991-07|Inti
PEN|2|604||Sol
PES|2|604|1986-02|Sol
PGK|2|598||Kina
PHP|2|608||Philippine Peso
PKR|2|586||Pakistan Rupee
PLN|2|985||Zloty
PLZ|2|616|1997-01|Zloty
PTE|2|620|2002-03|Portuguese Escudo
PYG|0|600||Guarani
QAR|2|634||Qatari Rial
RHD|2|716|1978 to 1981|Rhodesian Dollar
ROK|2|642|1989 to 1990|Leu A/52
ROL|2|642|2005-06|Old Leu
RON|2|946||Romanian Leu
RSD|2|941||Serbian Dinar
RUB|2|643||Russian Ruble
RUR|2|810|2004-01|Russian Ruble
RWF|0|646||Rwanda Franc
SAR|2|682||Saudi Riyal
SBD|2|090||Solomon Islands Dollar
SCR|2|690||Seychelles Rupee
SDD|2|736|2007-07|Sudanese Dinar
SDG|2|938||Sudanese Pound
SDP|2|736|1998-06|Sudanese Pound
SEK|2|752||Swedish Krona
SGD|2|702||Singapore Dollar
SHP|2|654||Saint Helena Pound
SIT|2|705|2007-01|Tolar
SKK|2|703|2009-01|Slovak Koruna
SLE|2|925||Leone
SLL|0|694|2023-12|Leone
SOS|2|706||Somali Shilling
SRD|2|968||Surinam Dollar
SRG|2|740|2003-12|Surinam Guilder
SSP|2|728||South Sudanese Pound
STD|0|678|2017-12|Dobra
STN|2|930||Dobra
SUR|2|810|1990-12|Rouble
SVC|2|222||El Salvador Colon
SYP|2|760||Syrian Pound
SZL|2|748||Lilangeni
THB|2|764||Baht
TJR|2|762|2001-04|Tajik Ruble
TJS|2|972||Somoni
TMM|0|795|2009-01|Turkmenistan Manat
TMT|2|934||Turkmenistan New Manat
TND|3|788||Tunisian Dinar
TOP|2|776||Pa’anga
TPE|2|626|2002-11|Timor Escudo
TRL|0|792|2005-12|Old Turkish Lira
TRY|2|949||Turkish Lira
TTD|2|780||Trinidad and Tobago Dollar
TWD|2|901||New Taiwan Dollar
TZS|2|834||Tanzanian Shilling
UAH|2|980||Hryvnia
UAK|2|804|1996-09|Karbovanet
UGS|2|800|1987-05|Uganda Shilling
UGW|2|800|1989 to 1990|Old Shilling
UGX|0|800||Uganda Shilling
USD|2|840||US Dollar
USN|2|997||US Dollar (Next day)
USS|2|998|2014-03|US Dollar (Same day)
UYI|0|940||Uruguay Peso en Unidades Indexadas (UI)
UYN|2|858|1989-12|Old Uruguay Peso
UYP|2|858|1993-03|Uruguayan Peso
UYU|2|858||Peso Uruguayo
UYW|4|927||Unidad Previsional
UZS|2|860||Uzbekistan Sum
VEB|2|862|2008-01|Bolivar
VED|2|926||Bolívar Soberano
VEF|2|937|2018-08|Bolívar
VES|2|928||Bolívar Soberano
VNC|2|704|1989-1990|Old Dong
VND|0|704||Dong
VUV|0|548||Vatu
WST|2|882||Tala
XAD|2|396||Arab Accounting Dinar
XAF|0|950||CFA Franc BEAC
XAG||961||Silver
XAU||959||Gold
XBA||955||Bond Markets Unit European Composite Unit (EURCO)
XBB||956||Bond Markets Unit European Monetary Unit (E.M.U.-6)
XBC||957||Bond Markets Unit European Unit of Account 9 (E.U.A.-9)
XBD||958||Bond Markets Unit European Unit of Account 17 (E.U.A.-17)
XCD|2|951||East Caribbean Dollar
XCG|2|532||Caribbean Guilder
XDR||960||SDR (Special Drawing Right)
XEU||954|1999-01|European Currency Unit (E.C.U)
XFO|||2006-10|Gold-Franc
XFU|||2013-11|UIC-Franc
XOF|0|952||CFA Franc BCEAO
XPD||964||Palladium
XPF|0|953||CFP Franc
XPT||962||Platinum
XRE|||1999-11|RINET Funds Code
XSU||994||Sucre
XTS||963||Codes specifically reserved for testing purposes
XUA||965||ADB Unit of Account
XXX||999||The codes assigned for transactions where no currency is involved
YDD|2|720|1991-09|Yemeni Dinar
YER|2|886||Yemeni Rial
YUD|2|890|1990-01|New Yugoslavian Dinar
YUM|2|891|2003-07|New Dinar
YUN|2|890|1995-11|Yugoslavian Dinar
ZAL|2|991|1995-03|Financial Rand
ZAR|2|710||Rand
ZMK|0|894|2012-12|Zambian Kwacha
ZMW|2|967||Zambian Kwacha
ZRN|2|180|1999-06|New Zaire
ZRZ|2|180|1994-02|Zaire
ZWC|2|716|1989-12|Rhodesian Dollar
ZWD|0|716|2008-08|Zimbabwe Dollar
ZWG|2|924||Zimbabwe Gold
ZWL|2|932|2024-09|Zimbabwe Dollar
ZWN|2|942|2006-09|Zimbabwe Dollar (new)
ZWR|2|935|2009-06|Zimbabwe Dollar"""
