/// Reading the data tables, which are text so that they stay small in the source and cost nothing until they are used.
enum TableText {
    /// Calls `body` with each word, as bytes.
    static func forEachWord(_ text: String, _ body: (ArraySlice<UInt8>) -> Void) {
        let bytes = Array(text.utf8)
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == 0x20 || bytes[index] == 0x0A {
            if index > start { body(bytes[start..<index]) }
            start = index + 1
        }
    }

    /// The hexadecimal numbers in a word, whatever stands between them.
    static func numbers(_ word: ArraySlice<UInt8>) -> [UInt32] {
        var numbers: [UInt32] = []
        var inside = false
        for byte in word {
            let digit: UInt32
            switch byte {
            case 0x30...0x39: digit = UInt32(byte - 0x30)
            case 0x41...0x46: digit = UInt32(byte - 0x37)
            default:
                inside = false
                continue
            }
            if inside {
                numbers[numbers.count - 1] = numbers[numbers.count - 1] << 4 | digit
            } else {
                numbers.append(digit)
            }
            inside = true
        }
        return numbers
    }

    /// Named lists: a word that ends in a colon names the list of the words after it. In order.
    static func sections(_ text: String) -> [(name: String, words: [[UInt32]])] {
        var sections: [(name: String, words: [[UInt32]])] = []
        forEachWord(text) { word in
            if word.last == UInt8(ascii: ":") {
                sections.append((String(decoding: word.dropLast(), as: UTF8.self), []))
            } else if !sections.isEmpty {
                sections[sections.count - 1].words.append(numbers(word))
            }
        }
        return sections
    }
}
