import Foundation
import Testing

/// Numbers near every limit, wherever an option takes one: an answer or one line, never a trap.
struct NumberTests {
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "4294967296", "2147483648", "0", "-1",
        "1e308", "1e400", "nan", "inf", "-0.0", "+1", "٣", "", "0x10",
    ]

    /// A command, with the options of numbers that it has. What is right about them is looked at where it is cheap.
    private static let commands: [(line: [String], options: [String])] = [
        (["search", "a", "--store", "/nowhere"], ["-k", "--min-similarity", "--group"]),
        (["classify", "--label", "a", "/nowhere.jpg"], ["--top", "--threshold", "--min-similarity"]),
        (["pictures", "--output", "/nowhere/x"], ["--count", "--seed", "--wordings"]),
        (["profile", "--model", "/nowhere"], ["--batch", "--repeat", "--text-length", "--image-size", "--cores"]),
        (["embed", "--text", "a", "--model", "/nowhere"], ["--threads"]),
        (["store", "duplicates", "--store", "/nowhere"], ["--threshold"]),
        (["keys", "a"], ["--rate-limit"]),
        // Where it cannot listen, it has looked at all of its options before.
        (
            ["serve", "--host", "192.0.2.1"],
            [
                "--port", "--batch", "--batch-texts", "--batch-wait", "--queue", "--cache", "--request-timeout",
                "--max-body", "--max-pixels", "--rate-limit", "--unload-after", "--undo-minutes",
                "--connections-per-address",
            ]
        ),
    ]

    @Test func `options take any number or refuse it`() throws {
        var turn = 0
        for (line, options) in Self.commands {
            for option in options {
                // A quarter each, in turn: all of them for every kind of option.
                for number in Self.numbers.enumerated().filter({ ($0.offset + turn) % 4 == 0 }).map(\.element) {
                    let result = try Command.run(line + ["\(option)=\(number)".replacing("-k=", with: "-k")])
                    #expect(
                        result.signal == nil && (0...3).contains(result.status),
                        "\(line) \(option)=\(number): \(result.error)")
                }
                turn += 1
            }
        }
    }

    @Test func `page cursors near limits are refused or gone on from`() throws {
        let folder = try TemporaryFolder()
        let store = folder / "s.store"
        #expect(try Command.run("index", Fixture.images, "--store", store, "--quiet").status <= 1)
        let limits: [Int64] = [0, 1, 1 << 31, 1 << 53, 1 << 53 + 1, .max - 1, .max, -1, .min]
        for number in limits {
            let text = String(number, radix: 36)
            for page in ["p1-\(text)-1-hhls57-1", "p1-1-\(text)-hhls57-1", "p1-1-1-hhls57-\(text)"] {
                let result = try Command.run(
                    "search", "a", "--store", store, "--group", "0.9", "-k", "3", "--page=\(page)")
                #expect(result.signal == nil, "\(page): \(result.error)")
                if number < 0 {
                    expectFailure(result, status: 2, saying: "not a valid cursor")
                } else if number <= 1 << 53 {
                    #expect(result.status == 0, "\(page): \(result.error)")
                }
            }
        }
        let known = try Command.run("search", "a", "--store", store, "--page", "p1-zzzz-1y2p0ij32e8e7-hihlpw-1")
        expectFailure(known, status: 2, saying: "not a valid cursor")
    }
}
