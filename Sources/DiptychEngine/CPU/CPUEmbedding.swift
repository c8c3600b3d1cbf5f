internal import CKernels
internal import DiptychCheckpoints

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension CPUEngine {
    public func embed(_ tokens: TokenBatch, with embedding: CPUTokenEmbedding) throws -> CPUTensor {
        let (width, vocabulary) = (embedding.width, embedding.tokens.shape[0])
        guard tokens.layout.longest <= embedding.context else {
            throw EngineError("a text has \(tokens.layout.longest) tokens, the model reads \(embedding.context)")
        }
        let x = tensor(tokens.layout.rows, width, tokens.layout, DIPTYCH_F32)  // [rows, width]
        for text in 0..<tokens.layout.count {
            let range = tokens.layout[text]
            for row in range {
                let id = Int(tokens.ids[row])
                guard id >= 0 && id < vocabulary else {
                    throw EngineError("token id \(id) is outside the model's vocabulary of \(vocabulary)")
                }
                let destination = x.floatPointer + row * width
                embedding.tokens.copyFloats(from: id * width, count: width, to: destination)
                add(embedding.positions, from: (row - range.lowerBound) * width, to: destination, count: width)
            }
        }
        return x
    }

    public func embed(_ pixels: PixelBatch, with embedding: CPUPatchEmbedding) throws -> CPUTensor {
        guard pixels.size == embedding.imageSize else {
            throw EngineError("images are \(pixels.size) pixels wide, the model reads \(embedding.imageSize)")
        }
        let count = try pixels.sequences(of: embedding.frames)
        let (width, side) = (embedding.width, embedding.imageSize / embedding.patchSize)
        let patches = embedding.frames * side * side
        let cut = tensor(
            count * patches, embedding.projection.inputs, SequenceLayout(count: count, length: patches),
            operandType)  // [count · patches, 3 · patch · patch]
        pixels.values.withUnsafeBufferPointer {
            diptych_patchify(
                instructions.kernels, Int32(threads), $0.baseAddress, pixels.count, pixels.size, pixels.size,
                embedding.patchSize, cut.pointer, cut.type)
        }
        let projected = try linear(cut, embedding.projection, as: .stream)  // [count · patches, width]

        let before = embedding.classToken == nil ? 0 : 1
        let layout = SequenceLayout(count: count, length: before + patches)
        let x = tensor(layout.rows, width, layout, DIPTYCH_F32)  // [count · (before + patches), width]
        embedding.positions.withUnsafeBufferPointer { positions in
            func place(_ classToken: UnsafePointer<Float>?) {
                diptych_place_patches(
                    Int32(threads), projected.floatPointer, classToken, positions.baseAddress, count, patches,
                    width, x.floatPointer)
            }
            if let classToken = embedding.classToken {
                classToken.withUnsafeBufferPointer { place($0.baseAddress) }
            } else {
                place(nil)
            }
        }
        return x
    }

    public func row(of table: CPUTable, forEachSequenceOf x: CPUTensor) throws -> CPUTensor {
        precondition(table.rows == 1, "a table of \(table.rows) rows where one is repeated")
        let count = x.layout.count
        let y = tensor(count, table.width, SequenceLayout(count: count, length: 1), DIPTYCH_F32)
        for row in 0..<count {
            table.values.withUnsafeBufferPointer {
                (y.floatPointer + row * table.width).update(from: $0.baseAddress!, count: table.width)
            }
        }
        return try operand(of: y)  // [sequences, width]
    }

    public func operand(of x: CPUTensor) throws -> CPUTensor {
        guard x.type != operandType else { return x }
        let y = tensor(x.rows, x.columns, x.layout, operandType)
        diptych_narrow_bf16(
            instructions.kernels, x.floatPointer, y.pointer.assumingMemoryBound(to: UInt16.self), x.rows * x.columns)
        return y
    }

    private func add(_ table: [Float], from start: Int, to destination: UnsafeMutablePointer<Float>, count: Int) {
        table.withUnsafeBufferPointer { table in
            for i in 0..<count { destination[i] += table[start + i] }
        }
    }
}
