internal import Foundation

/// The words of a caption, as a filter compares them: letters and digits in lower case, without accents. Each character
/// of a script that writes no spaces (Chinese, Japanese kana, Thai, Lao, Khmer, Myanmar) is a word of its own, so that a part of a
/// sentence is found.
public enum CaptionWords {
    /// The words of `text`, in their order.
    public static func split(_ text: String) -> [String] {
        let plain = text.folding(options: [.diacriticInsensitive, .caseInsensitive, .widthInsensitive], locale: nil)
        var words: [String] = []
        var word = ""
        func end() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for scalar in plain.unicodeScalars {
            if standsAlone(scalar) {
                end()
                words.append(String(scalar))
            } else if isPart(scalar) {
                word.unicodeScalars.append(scalar)
            } else {
                end()
            }
        }
        end()
        return words
    }

    /// Whether the words of `phrase` stand side by side among `words`.
    static func contain(_ words: [String], _ phrase: CaptionPhrase) -> Bool {
        guard !phrase.words.isEmpty, words.count >= phrase.words.count else { return false }
        return (0...words.count - phrase.words.count).contains { start in
            phrase.words.indices.allSatisfy { index in
                let (word, wanted) = (words[start + index], phrase.words[index])
                return phrase.isPrefix && index == phrase.words.count - 1 ? word.hasPrefix(wanted) : word == wanted
            }
        }
    }

    private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
            true
        default: false
        }
    }

    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.properties.generalCategory == .otherLetter else { return false }
        switch scalar.value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF,  // Thai and Lao, Myanmar, Khmer
            0x3005...0x3007, 0x3040...0x30FF, 0x31F0...0x31FF,  // kana
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF:  // Chinese characters
            return true
        default: return false
        }
    }
}
