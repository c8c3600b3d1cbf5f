/// What BERT's cleaning asks of a character, by the Unicode data of the implementation that is followed.
///
/// Python's data is that of whichever Python runs the original; here it is the standard library's. The `tokenizers`
/// library has Unicode 8's categories, in which later characters have none.
struct BERTCharacters {
    /// What becomes of a character before words are cut.
    enum Cleaned {
        case kept
        case removed
        case space
    }

    let cleaning: BERTTokenizer.Cleaning

    /// What cleaning makes of a scalar that is not ASCII.
    func cleaned(_ scalar: Unicode.Scalar) -> Cleaned {
        if scalar.value == 0xFFFD { return .removed }
        switch scalar.properties.generalCategory {
        case .control, .format: return cleaning == .original || isOld(scalar) ? .removed : .kept
        case .privateUse: return cleaning == .original ? .kept : .removed
        case .spaceSeparator: return .space
        // The original leaves the line and paragraph separators to Python's `split`, with the same result.
        case .lineSeparator, .paragraphSeparator: return .space
        default: return .kept
        }
    }

    /// Whether a scalar is a mark that is dropped with the accents.
    func isAccent(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x300 { return false }
        let isMark = scalar.properties.generalCategory == .nonspacingMark
        if cleaning == .original { return isMark }
        switch scalar.value {
        // These changed their category after Unicode 8.
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false
        case 0x1734, 0x1171E: return true
        default: return isMark && isOld(scalar)
        }
    }

    /// Whether a scalar is a word of its own.
    func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0..<0x80, 0x3400..<0x4DC0, 0x4E00..<0xA000, 0xAC00..<0xD7A4: return false
        case 0x166D, 0x111C9: if cleaning == .huggingFace { return true }
        default: break
        }
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return cleaning == .original || isOld(scalar)
        default: return false
        }
    }

    /// Whether a scalar is an ideograph, which spaces are put around.
    func isIdeograph(_ value: UInt32) -> Bool {
        switch value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF,
            0x2F800...0x2FA1F:
            true
        // The `tokenizers` library starts this block 256 characters late.
        case 0x2B820..<0x2B920: cleaning == .original
        default: false
        }
    }

    /// Whether a scalar stays as it is under cleaning, lower case and decomposition. Not complete: the common ranges.
    static func isStable(_ value: UInt32) -> Bool {
        switch value {
        case 0x4E00..<0xA000, 0x3001...0x3029, 0xFF01...0xFF20, 0x2010..<0x2028, 0x3400..<0x4DC0, 0x20000..<0x2A6E0:
            true
        default: false
        }
    }

    private func isOld(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return true }
        guard let age = scalar.properties.age else { return false }
        return age.major <= 8
    }
}
