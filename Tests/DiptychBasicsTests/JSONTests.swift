import DiptychBasics
import Testing

/// The one reader of JSON.
struct JSONTests {
    @Test(
        "Numbers keep what they say",
        arguments: [
            ("9223372036854775807", JSONValue.int(.max)), ("-9223372036854775808", .int(.min)), ("0", .int(0)),
            ("-0", .int(0)), ("18446744073709551615", .string("18446744073709551615")), ("0.1", .double(0.1)),
            ("1e2", .double(100)), ("-1.5E-3", .double(-0.0015)), ("9007199254740993", .int(9_007_199_254_740_993)),
        ])
    func numbers(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONParser.parse(text.utf8) == value)
    }

    @Test("Decimals come back as they went in", arguments: ["0.1", "1.7976931348623157e+308", "5e-324", "123456.789"])
    func decimals(_ text: String) throws {
        #expect(try JSONParser.parse(text.utf8).text == text)
    }

    @Test("Numbers that JSON does not have are null, kept or refused, as the caller asks")
    func notFinite() throws {
        let text = "[NaN, Infinity, -Infinity, 1e999, 1]"
        let (value, count) = try JSONParser.document(text.utf8)
        #expect(value == .array([.null, .null, .null, .null, .int(1)]) && count == 4)
        guard case .array(let kept) = try JSONParser.parse(text.utf8, notFinite: .kept),
            case .double(let nan) = kept[0]
        else {
            Issue.record("is no array of numbers")
            return
        }
        #expect(nan.isNaN)
        #expect(Array(kept[1...3]) == [.double(.infinity), .double(-.infinity), .double(.infinity)])
        for text in ["NaN", "-Infinity", "[1e999]"] {
            #expect(throws: JSONFault.self) { try JSONParser.parse(text.utf8, notFinite: .refused) }
        }
    }

    @Test(
        "What is no JSON is refused at its byte",
        arguments: [
            ("", 0), ("{\"a\" 1}", 5), ("[1,]", 3), ("01", 1), ("1.", 2), ("+1", 0), ("nul", 0), ("\"\u{1}\"", 2),
            ("[1] 2", 4), ("\"abc", 5), ("{\"a\":1,}", 7), ("Nan", 0),
        ])
    func refused(_ text: String, _ offset: Int) {
        let fault = #expect(throws: JSONFault.self) { try JSONParser.parse(text.utf8) }
        #expect(abs((fault?.offset ?? -9) - offset) <= 1, "\(text): \(fault.debugDescription)")
    }

    @Test("Escapes, halves of surrogate pairs, and bytes that are not UTF-8")
    func texts() throws {
        #expect(try JSONParser.parse(#""\u65e5\ud83d\ude00\n\/""#.utf8) == .string("日😀\n/"))
        #expect(try JSONParser.parse(#""\ud83d!\ude00""#.utf8) == .string("\u{FFFD}!\u{FFFD}"))
        #expect(throws: JSONFault.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONFault.self) { try JSONParser.parse([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) }
    }

    @Test("Nesting and the number of values are bounded")
    func bounds() throws {
        #expect(throws: Never.self) {
            try JSONParser.parse((String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).utf8)
        }
        #expect(throws: JSONFault.self) { try JSONParser.parse(String(repeating: "[", count: 100_000).utf8) }
        let many = "[" + String(repeating: "0,", count: JSONParser.maximumCount) + "0]"
        #expect(throws: JSONFault.self) { try JSONParser.parse(many.utf8) }
    }
}
