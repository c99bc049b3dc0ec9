// MTLCaptureManager: there is nothing that a trace could be written for, and it says so. (A
// kernel's dispatch is kept by ANVIL_CAPTURE: capture.hpp.)
#include <Metal/MTLCaptureManager.hpp>

#include "anvil/foundation/error.hpp"
#include "anvil/foundation/url.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/objc/autorelease.hpp"

namespace anvil::metal {
namespace {

struct CaptureDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<objc_object> object;
  MTL::CaptureDestination destination = MTL::CaptureDestinationDeveloperTools;
  objc::Ref<URL> output;
};

/// What is captured between begin and end, if anything were.
struct CaptureScope : objc::Object {
  using Super = RootObject;

  objc::Ref<objc_object> device;
  objc::Ref<objc_object> queue;
  objc::Ref<String> label;
};

struct CaptureManager : objc::Object {
  using Super = RootObject;

  objc::Ref<CaptureScope> default_scope;
};

CaptureManager* shared() {
  static CaptureManager* const manager =
      objc::lasting([] { return objc::make<CaptureManager>().detach(); });
  return manager;
}
bool supports(const CaptureManager*, MTL::CaptureDestination) {
  return false;
}
bool is_capturing(const CaptureManager*) {
  return false;
}
bool start(CaptureManager*, CaptureDescriptor*, Error** error) {
  give_error(error,
             make_error("MTLCaptureError", MTL::CaptureErrorNotSupported,
                        "GPU traces are not supported; supported: the folder of kernels that "
                        "ANVIL_CAPTURE names"));
  return false;
}
void start_with(CaptureManager*, objc_object*) {}
void stop(CaptureManager*) {}
CaptureScope* scope_of_device(CaptureManager*, objc_object* device) {
  objc::Ref<CaptureScope> scope = objc::make<CaptureScope>();
  scope->device = objc::Ref<objc_object>(device);
  return scope.detach();
}
CaptureScope* scope_of_queue(CaptureManager*, objc_object* queue) {
  static const SEL selector = sel_registerName("device");
  objc::Ref<CaptureScope> scope = objc::make<CaptureScope>();
  scope->device = objc::Ref<objc_object>(objc::send<objc_object*>(queue, selector));
  scope->queue = objc::Ref<objc_object>(queue);
  return scope.detach();
}
void nothing(CaptureScope*) {}

ANVIL_OBJC_CLASS_DEFINITION<CaptureDescriptor> capture_descriptor_definition{
    "MTLCaptureDescriptor",
    {
        objc::property<&CaptureDescriptor::object>("captureObject", "setCaptureObject:"),
        objc::property<&CaptureDescriptor::destination>("destination", "setDestination:"),
        objc::property<&CaptureDescriptor::output>("outputURL", "setOutputURL:"),
        objc::copying<CaptureDescriptor>(),
    }};
ANVIL_OBJC_CLASS_DEFINITION<CaptureScope> capture_scope_definition{
    "MTLCaptureScope",
    {
        objc::property<&CaptureScope::device>("device"),
        objc::property<&CaptureScope::queue>("commandQueue"),
        objc::property<&CaptureScope::label>("label", "setLabel:"),
        objc::function<&nothing>("beginScope"),
        objc::function<&nothing>("endScope"),
    }};
ANVIL_OBJC_CLASS_DEFINITION<CaptureManager> capture_manager_definition{
    "MTLCaptureManager",
    {
        objc::class_method<&shared>("sharedCaptureManager"),
        objc::function<&supports>("supportsDestination:"),
        objc::function<&is_capturing>("isCapturing"),
        objc::function<&start>("startCaptureWithDescriptor:error:"),
        objc::function<&start_with>("startCaptureWithDevice:"),
        objc::function<&start_with>("startCaptureWithCommandQueue:"),
        objc::function<&start_with>("startCaptureWithScope:"),
        objc::function<&stop>("stopCapture"),
        objc::function<&scope_of_device>("newCaptureScopeWithDevice:"),
        objc::function<&scope_of_queue>("newCaptureScopeWithCommandQueue:"),
        objc::function<&scope_of_queue>("newCaptureScopeWithMTL4CommandQueue:"),
        objc::property<&CaptureManager::default_scope>("defaultCaptureScope",
                                                       "setDefaultCaptureScope:"),
    }};

}  // namespace
}  // namespace anvil::metal
