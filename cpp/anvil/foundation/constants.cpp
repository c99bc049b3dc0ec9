// The string constants of Foundation and Metal. As in Apple's frameworks
// the value of a key is its name.
#include <Metal/Metal.hpp>

#define ANVIL_STRING(name) \
  extern "C" __attribute__((visibility("default"))) NS::String* const name = MTLSTR(#name)

ANVIL_STRING(NSCocoaErrorDomain);
ANVIL_STRING(NSPOSIXErrorDomain);
ANVIL_STRING(NSOSStatusErrorDomain);
ANVIL_STRING(NSMachErrorDomain);
ANVIL_STRING(MTLBinaryArchiveDomain);
ANVIL_STRING(MTLCaptureErrorDomain);
ANVIL_STRING(MTLCommandBufferErrorDomain);
ANVIL_STRING(MTLCommandBufferEncoderInfoErrorKey);
ANVIL_STRING(MTLCommonCounterClipperInvocations);
ANVIL_STRING(MTLCommonCounterClipperPrimitivesOut);
ANVIL_STRING(MTLCommonCounterComputeKernelInvocations);
ANVIL_STRING(MTLCommonCounterFragmentCycles);
ANVIL_STRING(MTLCommonCounterFragmentInvocations);
ANVIL_STRING(MTLCommonCounterFragmentsPassed);
ANVIL_STRING(MTLCommonCounterPostTessellationVertexCycles);
ANVIL_STRING(MTLCommonCounterPostTessellationVertexInvocations);
ANVIL_STRING(MTLCommonCounterRenderTargetWriteCycles);
ANVIL_STRING(MTLCommonCounterSetStageUtilization);
ANVIL_STRING(MTLCommonCounterSetStatistic);
ANVIL_STRING(MTLCommonCounterSetTimestamp);
ANVIL_STRING(MTLCommonCounterTessellationCycles);
ANVIL_STRING(MTLCommonCounterTessellationInputPatches);
ANVIL_STRING(MTLCommonCounterTimestamp);
ANVIL_STRING(MTLCommonCounterTotalCycles);
ANVIL_STRING(MTLCommonCounterVertexCycles);
ANVIL_STRING(MTLCommonCounterVertexInvocations);
ANVIL_STRING(MTLCounterErrorDomain);
ANVIL_STRING(MTLDynamicLibraryDomain);
ANVIL_STRING(MTLIOErrorDomain);
ANVIL_STRING(MTLLibraryErrorDomain);
ANVIL_STRING(MTLLogStateErrorDomain);
ANVIL_STRING(MTLTensorDomain);
ANVIL_STRING(NSBundleDidLoadNotification);
ANVIL_STRING(NSBundleResourceRequestLowDiskSpaceNotification);
ANVIL_STRING(NSDebugDescriptionErrorKey);
ANVIL_STRING(NSFilePathErrorKey);
ANVIL_STRING(NSHelpAnchorErrorKey);
ANVIL_STRING(NSLocalizedDescriptionKey);
ANVIL_STRING(NSLocalizedFailureErrorKey);
ANVIL_STRING(NSLocalizedFailureReasonErrorKey);
ANVIL_STRING(NSLocalizedRecoveryOptionsErrorKey);
ANVIL_STRING(NSLocalizedRecoverySuggestionErrorKey);
ANVIL_STRING(NSProcessInfoPerformanceProfileDidChangeNotification);
ANVIL_STRING(NSProcessInfoPowerStateDidChangeNotification);
ANVIL_STRING(NSProcessInfoThermalStateDidChangeNotification);
ANVIL_STRING(NSRecoveryAttempterErrorKey);
ANVIL_STRING(NSStringEncodingErrorKey);
ANVIL_STRING(NSURLErrorKey);
ANVIL_STRING(NSUnderlyingErrorKey);
ANVIL_STRING(MTLDeviceWasAddedNotification);
ANVIL_STRING(MTLDeviceRemovalRequestedNotification);
ANVIL_STRING(MTLDeviceWasRemovedNotification);

ANVIL_STRING(NSGenericException);
ANVIL_STRING(NSRangeException);
ANVIL_STRING(NSInvalidArgumentException);
ANVIL_STRING(NSInternalInconsistencyException);
ANVIL_STRING(NSFileType);
ANVIL_STRING(NSFileSize);
ANVIL_STRING(NSFileTypeDirectory);
ANVIL_STRING(NSFileTypeRegular);
ANVIL_STRING(NSFileTypeSymbolicLink);
ANVIL_STRING(NSFileTypeUnknown);

#define ANVIL_INTEGER(name, value) \
  extern "C" __attribute__((visibility("default"))) NS::Integer const name = value

ANVIL_INTEGER(NSDeviceCertificationiPhonePerformanceGaming, 0);
ANVIL_INTEGER(NSProcessPerformanceProfileDefault, 0);
ANVIL_INTEGER(NSProcessPerformanceProfileSustained, 1);
