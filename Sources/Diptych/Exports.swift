// What a user of the library names in calls and results comes with one import.
@_exported public import struct DiptychEngine.OperationCost
@_exported public import enum DiptychEngine.Activation
@_exported public import enum DiptychEngine.InstructionSet
@_exported public import enum DiptychEngine.Precision
@_exported public import struct DiptychMedia.FetchOptions
@_exported public import struct DiptychMedia.Picture
@_exported public import struct DiptychMedia.PictureError
@_exported public import struct DiptychMedia.PictureOptions
@_exported public import enum DiptychMedia.PictureSource
@_exported public import struct DiptychMedia.Preprocessing
@_exported public import enum DiptychMedia.AddressPolicy
@_exported public import struct DiptychModels.CLIPConfiguration
@_exported public import struct DiptychModels.LogitParameters
@_exported public import protocol DiptychTokenizers.Tokenizer
@_exported public import struct DiptychTokenizers.TokenizedText
