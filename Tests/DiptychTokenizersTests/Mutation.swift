/// Numbers for repeatable changes: SplitMix64 (Steele, Lea and Flood, 2014).
struct MutationSource: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension [UInt8] {
    /// The bytes with a few changes: flipped, removed, repeated, swapped for bytes that mean something.
    func mutated(_ random: inout MutationSource) -> [UInt8] {
        var bytes = self
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = bytes.indices.randomElement(using: &random) ?? 0
            let end = Swift.min(bytes.count, place + Int.random(in: 1...40, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 3: bytes = Array(bytes[..<place])
            case 4: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 5: bytes[place] = Array("\"\\{}[]:,0-9eE.tfnu \n".utf8).randomElement(using: &random) ?? 0
            default: bytes.insert(contentsOf: Array("9999999999".utf8), at: place)
            }
        }
        return bytes
    }
}
