"""Writes `answers.json`: expressions of libxml2's own test suite (https://github.com/GNOME/libxml2, test/XPath, MIT
licence) and of this file, with the answers that libxml2 gives through lxml:

    pip install lxml && python3 make.py FOLDER      # FOLDER is test/XPath of libxml2

A node is [kind, name, text]; the suite's documents with a document type declaration are left out, since ingam refuses
them, and so is `id()`, which needs one.
"""

import itertools
import json
import pathlib
import re
import sys

from lxml import etree

suite, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
NAMESPACES = {
    "ns1": "nsuri1",
    "ns2": "http://skt.tmall.business.openapi.spring.service.client.domain/",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "_": "urn:ebay:apis:eBLBaseComponents",
}

AXES = [
    "ancestor", "ancestor-or-self", "attribute", "child", "descendant", "descendant-or-self", "following",
    "following-sibling", "parent", "preceding", "preceding-sibling", "self",
]
TESTS = ["*", "node()", "text()", "comment()", "processing-instruction()", "ordAmt", "ns2:order", "ns2:*"]
FROM = ["//ns2:order[2]", "//prdNm", "//@no", "//memo/text()", "//comment()"]
PREDICATES = ["", "[1]", "[2]", "[last()]", "[position() < 3]", "[. = '0']", "[@*]", "[not(*)]"]
ORDERS = [f"{start}/{axis}::{test}" for start, axis, test in itertools.product(FROM, AXES, TESTS)]
ORDERS += [
    f"//ns2:order[1]/{axis}::{test}{predicate}"
    for axis, test, predicate in itertools.product(
        ["child", "descendant", "following", "preceding-sibling", "ancestor-or-self"], ["*", "node()"], PREDICATES
    )
]
ORDERS += """
/ns2:orders/ns2:result_code
/ns2:orders/ns2:order[2]/ordAmt
/ns2:orders/ns2:order/@no
/orders
//ordAmt[. > 8000]
//ordAmt[. < 8000]/../prdNm
//ns2:order[ordAmt = 12900]/@no
//ns2:order[price/@cur = 'USD']/prdNm
//ns2:order[@xsi:type = 'paid']
//*[starts-with(name(), 'ns2:')]
//*[local-name() = 'order']
//*[namespace-uri() = '']
//ns2:order[last()]/*[last()]
//ns2:order/*[position() mod 2 = 1]
(//ns2:order/*)[3]
(//prdNm | //price)[2]
//prdNm | //@cur | //comment()
//price[translate(., ',', '') > 1000]
//dlvCst[number(.) = number(.)]
//dlvCst[normalize-space(.) = '2500']
//*[string-length(.) = 0]
//*[. = ../addPrdNo]
//*[* and not(@*)]
//ns2:order[addPrdNo or memo]
//ns2:order[not(addPrdNo = 0)]
//@*[. = 'KRW']/..
//*[lang('ko')]
//ordAmt[. = //ordAmt]
//ordAmt[. != //ordAmt]
//ns2:order[count(*) > 6]
//ns2:order[sum(*/ordAmt) = 0]
//node()[self::comment() or self::processing-instruction('print')]
//processing-instruction('twice')
count(//ns2:order)
count(//ordAmt[. > 1])
count(//nothing)
sum(//ordAmt)
sum(//dlvCst)
sum(//addPrdNo) div count(//addPrdNo)
sum(//prdNm)
string(//prdNm)
string(//nothing)
string(//ns2:order[2]/prdNm)
string(//memo)
number(//ordAmt)
number(//price)
number(//dlvCst)
number(//ns2:order[2]/price)
boolean(//nothing)
boolean(//memo)
boolean(0) or boolean('')
not(//nothing)
concat(//prdNm, '-', //ordAmt, '-', true())
substring(//prdNm, 4, 3)
substring-before(//price, ',')
substring-after(//price, ',')
contains(//memo, '경비실')
starts-with(//prdNm, '무선')
normalize-space(//dlvCst)
string-length(//prdNm)
translate(//price, ',0', '')
name(//ns2:order)
name(//@xsi:type)
local-name(//@xsi:type)
namespace-uri(//ns2:order)
round(sum(//ordAmt))
floor(-1.5) + ceiling(-1.5)
//ordAmt + 1
-(//ordAmt)
//ordAmt * 2 - 1 div 2
//ordAmt = 7900.5
//ordAmt > 12899 and //ordAmt < 7901
//ordAmt = '7900.50'
//ordAmt != 12900
//nothing = //ordAmt
//nothing != ''
//nothing = false()
""".strip().splitlines()
SOAP = """
/soap:Envelope/soap:Body/_:GetItemResponse/_:Ack
//_:Item/_:Title
//_:Item[_:Qty > 1]/@id
//Item/Title
//*[local-name() = 'Item']/@id
sum(//_:Qty)
sum(//*[local-name() = 'Qty'])
count(//_:Items/*)
//_:Items/@total
string(//_:Timestamp)
//_:Item[2]/preceding-sibling::_:Item/@id
//soap:*
//_:*
/*/*/*/*[2]
name(//_:Ack)
name(/*)
//_:Item[@id = 'b']/following::*
//Title/ancestor::*
""".strip().splitlines()


def plain(result, expression, tree):
    if isinstance(result, bool):
        return result
    if isinstance(result, float):
        return "NaN" if result != result else repr(result)
    if isinstance(result, str):
        return {"text": str(result)}
    nodes = []
    for node in result:
        if isinstance(node, tuple):
            nodes.append(["namespace", node[0] or "", node[1]])
        elif isinstance(node, str):
            name = node.attrname.rsplit("}")[-1] if node.is_attribute else ""
            nodes.append(["attribute" if node.is_attribute else "text", name, str(node)])
        elif node.tag is etree.Comment:
            nodes.append(["comment", "", node.text or ""])
        elif node.tag is etree.PI:
            nodes.append(["instruction", node.target, node.text or ""])
        else:
            nodes.append(["element", etree.QName(node).localname, node.xpath("string()")])
    # lxml leaves the root node out of its lists.
    if len(nodes) != tree.xpath(f"count({expression})", namespaces=NAMESPACES):
        raise etree.XPathEvalError("a list with the root node")
    return nodes


def answers(text, expressions, context="/"):
    tree = etree.fromstring(text.encode())
    # The context is the root node, as it is for a subject.
    tree = tree.getroottree()
    rows, refused, skipped = [], [], []
    for expression in expressions:
        expression = expression.strip()
        # lxml takes the root element as the context of a relative path, and a subject the root node.
        is_relative = expression[:1].isalpha() and "(" not in expression or "|p1" in expression
        if not expression or "id(" in expression or is_relative or expression.endswith("|s"):
            continue
        try:
            rows.append([expression, plain(tree.xpath(expression, namespaces=NAMESPACES), expression, tree)])
        except etree.XPathEvalError as error:
            (skipped if "root node" in str(error) else refused).append(expression)
    return rows, refused, skipped


def main():
    documents = {}
    for path in sorted((suite / "tests").iterdir()):
        document = re.sub("(base|abbr|simple|pat|prefol|check)$", "", path.name)
        text = (suite / "docs" / document).read_text()
        if "<!DOCTYPE" not in text:
            documents.setdefault(document, (text, []))[1].extend(path.read_text().splitlines())
    own = [(here / "orders.xml").read_text(), ORDERS], [(here / "soap.xml").read_text(), SOAP]
    documents["orders"], documents["soap"] = own
    expressions = [line for path in sorted((suite / "expr").iterdir()) for line in path.read_text().splitlines()]
    documents["none"] = ("<none/>", expressions)
    result, count = {"source": "libxml2 at c8eaf223 and lxml 6.1.3", "documents": []}, 0
    for name, (text, expressions) in documents.items():
        rows, refused, skipped = answers(text, expressions)
        count += len(rows)
        print(f"{name}: {len(rows)} answers, {len(refused)} refused, {len(skipped)} skipped")
        result["documents"].append({"name": name, "text": text, "answers": rows, "refused": refused})
    lines = json.dumps(result, ensure_ascii=False, indent=None).replace('], ["', '],\n["').replace('{"name"', '\n{"name"')
    (here / "answers.json").write_text(lines + "\n")
    print(count, "answers")


main()
