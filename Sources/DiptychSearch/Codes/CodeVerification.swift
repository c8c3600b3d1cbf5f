internal import CKernels

extension CodeState {
    /// Compares the codes with those that the store's vectors give.
    ///
    /// - Parameter rows: gives vectors after an id, ascending, at most as many as asked for.
    /// - Returns: the number of vectors whose codes are wrong or lacking.
    package func wrongCodes(
        dimension: Int, threads: Int, _ rows: (_ after: Int64, _ limit: Int) throws -> CodeRows
    ) throws -> Int {
        let rotation = CodeRotation(dimension: dimension)
        var wrong = 0
        for part in parts {
            var (slot, after) = (0, part.segment.header.after)
            while after < part.commit.last {
                var found = try rows(after, 4096)
                while let last = found.ids.last, last > part.commit.last {
                    found.ids.removeLast()
                    found.vectors.removeLast(dimension)
                }
                guard let last = found.ids.last else { break }
                after = last
                // Whole blocks, as the encoder wants them; what fills the last is not compared.
                let padding = (CodeLayout.block - found.ids.count % CodeLayout.block) % CodeLayout.block
                let vectors = found.vectors + [Float](repeating: 0, count: padding * dimension)
                let codes = rotation.encode(vectors, centre: part.segment.centre, threads: threads)
                for (place, id) in found.ids.enumerated() {
                    while slot < part.commit.count, part.segment.id(slot) < id { slot += 1 }
                    let isThere = slot < part.commit.count && part.segment.id(slot) == id
                    if !isThere || !part.segment.hasCodes(codes, of: place, at: slot) { wrong += 1 }
                }
            }
        }
        return wrong
    }

    /// Whether the segments belong to these vectors, by a look at the last one of each that the store still has.
    ///
    /// - Parameter vector: the bytes of a vector, nil when the store has none with this id.
    package func belongs(_ vector: (Int64) throws -> [UInt8]?) rethrows -> Bool {
        for part in parts where part.commit.count > 0 {
            let slot = part.commit.count - 1
            guard let bytes = try vector(part.segment.id(slot)) else { continue }
            guard part.segment.checksum(slot) == diptych_vector_checksum(bytes, bytes.count) else { return false }
        }
        return true
    }
}

extension CodeSegment {
    /// Whether the vector in a slot has the codes of the one at `place` of freshly made ones.
    fileprivate func hasCodes(_ codes: (blocks: [UInt8], records: [UInt8]), of place: Int, at slot: Int) -> Bool {
        guard let record = record(slot),
            record.elementsEqual(codes.records[place * layout.recordBytes..<(place + 1) * layout.recordBytes])
        else { return false }
        let block = CodeLayout.block
        let (mine, lane) = (blocks(from: slot / block), slot % block)
        return codes.blocks.withUnsafeBytes { fresh in
            let start = place / block * layout.blockBytes
            return (0..<layout.blockBytes / (4 * block)).allSatisfy { row in
                mine.load(fromByteOffset: 4 * (row * block + lane), as: UInt32.self)
                    == fresh.loadUnaligned(fromByteOffset: start + 4 * (row * block + place % block), as: UInt32.self)
            }
        }
    }

    private func record(_ slot: Int) -> [UInt8]? {
        var record = [UInt8](repeating: 0, count: layout.recordBytes)
        let isRead = record.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readRecords(from: slot, count: 1, into: $0) } ?? false
        }
        return isRead ? record : nil
    }

    /// The checksum of the vector that a slot's codes were made from; nil when it cannot be read.
    fileprivate func checksum(_ slot: Int) -> UInt32? {
        record(slot)?.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self) }
    }
}
